import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, type Program, type Run, run } from '../fixture/program.js';

let server: EjabberdServer;
let program: Program;
const runs: Run[] = [];

beforeAll(async () => {
  [server, program] = await Promise.all([startEjabberd(), compile('session')]);
  await server.register('bot', 'secret');
});
afterAll(async () => {
  for (const { child } of runs) child.kill('SIGKILL');
  await Promise.all(runs.map(({ ended }) => ended));
  program.remove();
  await server.stop();
});

function start(env: Readonly<Record<string, string>> = {}): Run {
  const started = run(program, {
    XMPP_SERVICE: server.service,
    XMPP_DOMAIN: server.domain,
    XMPP_USERNAME: 'bot',
    XMPP_PASSWORD: 'secret',
    XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK: 'true',
    ...env,
  });
  runs.push(started);
  return started;
}

const unreachable = 'no connection to the XMPP server, trying again';

describe('the session of a service', () => {
  it('is what makes the service ready, and ends with it', async () => {
    const { child, ended, logged, messages } = start();
    await logged('ready');
    expect(messages()).toContain('online');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(messages().slice(-2)).toEqual(['stopping', 'stopped']);
  });

  it('waits for a server that is not up yet, and says so once', async () => {
    // Not SIGKILL: Mnesia writes behind, and would lose the account that was just made.
    await server.kill('SIGTERM');
    const { child, ended, logged, messages } = start();
    await logged(unreachable);
    await server.restart();
    await logged('ready');
    expect(messages().filter((message) => message === unreachable)).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
  });

  it('does not keep a service that is told to stop while it waits', async () => {
    const { child, ended, logged, messages } = start({ XMPP_SERVICE: 'xmpp://127.0.0.1:1' });
    await logged(unreachable);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
    expect(messages()).not.toContain('ready');
  });

  it('comes back after a break (RFC 6120 section 4.9), with the service none the wiser', async () => {
    const { child, ended, logged, messages } = start();
    await logged('ready');
    await server.restart();
    await logged(unreachable);
    await expect
      .poll(() => messages().filter((message) => message === 'online'), { timeout: 30_000 })
      .toHaveLength(2);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
  });

  it('does not wait for what waiting does not cure: wrong credentials (RFC 6120 section 6.5.10)', async () => {
    const { ended, messages } = start({ XMPP_PASSWORD: 'n0t-it' });
    const { code, stdout } = await ended;
    expect(code).toBe(1);
    expect(messages().join('\n')).toMatch(/^stopping: xmpp could not be started: /m);
    expect(stdout).toContain('authentication-failed');
    expect(messages().join('\n')).toContain('`heavylift provision` makes it');
    expect(stdout).not.toContain('n0t-it');
  });

  it('ends the service when another takes its full JID (RFC 6120 section 7.7.2.2)', async () => {
    const first = start({ XMPP_RESOURCE: 'bench' });
    await first.logged('ready');
    const second = start({ XMPP_RESOURCE: 'bench' });
    expect(await first.ended).toMatchObject({ code: 1 });
    expect(first.messages().join('\n')).toContain('the session xmpp ended for good');
    await second.logged('ready');
  });
});
