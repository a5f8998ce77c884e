import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { connectPubSub, createSession } from '@heavylift/xmpp-pubsub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli.js';

/** What operators do after the first day, each with the shortest command line that the pages promise. */
let server: EjabberdServer;
let dir: string;

beforeAll(async () => {
  server = await startEjabberd();
  dir = await mkdtemp(join(tmpdir(), 'heavylift-operate-'));
  const { service, domain } = server;
  const first = await heavylift(
    ...['provision', '--env-dir', dir, '--domain', domain, '--service', service, '--lifters', '2'],
    ...['--administrator', 'ann@localhost', '--reader', 'app@localhost'],
    '--allow-plaintext-on-loopback',
  );
  expect(first.code).toBe(0);
});
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true });
});

async function heavylift(...args: readonly string[]) {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const env = { HEAVYLIFT_ADMIN_PASSWORD: server.admin.password };
  const code = await runCli(args, { env, out: say, err: say });
  return { code, lines };
}

const again = (...args: readonly string[]) => heavylift('provision', '--env-dir', dir, ...args);
const nothing = { code: 0, lines: ['Nothing had to be changed.'] };

const passwords = async () =>
  Object.fromEntries(
    await Promise.all(
      ['dispatcher', 'notifier', 'lifter-1', 'lifter-2'].map(async (name) => {
        const content = await readFile(join(dir, `${name}.env`), 'utf8');
        return [name, /^XMPP_PASSWORD=(.*)$/m.exec(content)?.[1]] as const;
      }),
    ),
  );

async function asOwner<T>(
  work: (pubsub: ReturnType<typeof connectPubSub>) => Promise<T>,
): Promise<T> {
  const { service, domain, admin, pubsub } = server;
  const tls = { allowPlaintextOnLoopback: true };
  await using session = createSession({ service, domain, ...admin, tls });
  await session.start();
  return await work(connectPubSub(session, { jid: pubsub }));
}

describe('heavylift provision, called again', () => {
  it('knows its options, and needs none of them repeated', async () => {
    expect(await again()).toEqual(nothing);
    expect((await again('--check')).code).toBe(0);
    // Nobody who was named once has lost what he had.
    expect(await readFile(join(dir, 'dispatcher.env'), 'utf8')).toContain('ann@localhost');
  });

  it('gives one account a new password, and leaves the others alone', async () => {
    const before = await passwords();
    const { code, lines } = await again('--rotate-account', 'lifter-2');
    expect(code).toBe(0);
    expect(lines).toContain('gave lifter-2@localhost a new password');
    const after = await passwords();
    expect(after['lifter-2']).not.toBe(before['lifter-2']);
    expect({ ...after, 'lifter-2': '' }).toEqual({ ...before, 'lifter-2': '' });
    // The bot's stands in two files.
    await again('--rotate-account', 'bot');
    const bot = (await passwords())['dispatcher'];
    expect(await readFile(join(dir, 'notifier.env'), 'utf8')).toContain(`BOT_PASSWORD=${bot}`);
    expect(await again()).toEqual(nothing);
  });

  it('makes more lifters, and a call for fewer takes nobody’s access away', async () => {
    const held = await again('--lifters', '4');
    expect(held.code).toBe(2);
    const grown = await again('--allow-widening');
    expect(grown).toMatchObject({ code: 0 });
    expect(grown.lines.join()).toContain('made lifter-4@localhost member of heavylift/jobs');
    const fewer = await again('--lifters', '2');
    expect(fewer.code).toBe(0);
    expect(fewer.lines).toEqual([
      '4 lifters are known and keep their access; to take it from those beyond 2, say --shrink.',
      'Nothing had to be changed.',
    ]);
    // As an installation of before, which remembers nothing: its files tell.
    const { service, domain } = server;
    await rm(join(dir, 'provision.conf'));
    const old = await again(
      ...['--domain', domain, '--service', service, '--lifters', '2', '--reader', 'app@localhost'],
      '--allow-plaintext-on-loopback',
    );
    expect(old.lines.join()).not.toContain('lifter-4@localhost none');
    const shrunk = await again('--lifters', '3', '--shrink');
    expect(shrunk.lines.join()).toContain('made lifter-4@localhost none of heavylift/jobs');
    await again('--lifters', '4', '--allow-widening');
  });
});

describe('heavylift account', () => {
  it('gives the administrator another password, who keeps his nodes', async () => {
    const file = join(dir, 'new-password');
    const given = 'another secret <&>';
    await writeFile(file, `${given}\n`);
    const set = ['account', 'admin', '--env-dir', dir, '--new-password-file', file];
    expect(await heavylift(...set)).toEqual({
      code: 0,
      lines: ['set the password of admin@localhost'],
    });
    const old = server.admin;
    server = { ...server, admin: { ...old, password: given } };
    expect(await again()).toEqual(nothing);
    await writeFile(file, old.password);
    expect((await heavylift(...set)).code).toBe(0);
    server = { ...server, admin: old };
  });
});

describe('heavylift doctor --env-dir', () => {
  const examine = () => heavylift('doctor', '--env-dir', dir, '--admin', 'admin');

  it('examines all services at once', async () => {
    const { code, lines } = await examine();
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([]);
    expect(code).toBe(0);
    expect(lines.filter((line) => / as .*@localhost$/.test(line))).toEqual([
      ...['dispatcher as bot@localhost', 'lifter as lifter-1@localhost'],
      ...['lifter as lifter-2@localhost', 'lifter as lifter-3@localhost'],
      ...['lifter as lifter-4@localhost', 'notifier as notifier@localhost'],
    ]);
  });

  it('says what mends it, and that does, as it is printed', async () => {
    await asOwner(async (pubsub) => {
      const jobs = pubsub.node('heavylift/jobs');
      await jobs.setSubscriptions([{ jid: 'lifter-1@localhost', state: 'none' }]);
      await jobs.setAffiliations([{ jid: 'lifter-1@localhost', affiliation: 'none' }]);
      await pubsub.node('heavylift/events').configure({ accessModel: 'open' });
    });
    const { code, lines } = await examine();
    expect(code).toBe(2);
    const mends = new Set(
      lines.flatMap((line) => /→ Run `heavylift ([^`]*)`/.exec(line)?.[1] ?? []),
    );
    expect([...mends].sort()).toEqual([
      `provision --env-dir ${dir}`,
      `provision --env-dir ${dir} --allow-widening`,
    ]);
    for (const mend of mends) await heavylift(...mend.split(' '));
    expect((await examine()).code).toBe(0);
  });

  it('knows a server whose rights are lost, as after `ejabberdctl restore`', async () => {
    await asOwner(async (pubsub) => {
      for (const role of ['jobs', 'results', 'events', 'handlers', 'failed', 'schedules']) {
        const node = pubsub.node(`heavylift/${role}`);
        const jid = 'bot@localhost';
        if (['results', 'events', 'handlers'].includes(role))
          await node.setSubscriptions([{ jid, state: 'none' }]);
        await node.setAffiliations([{ jid, affiliation: 'none' }]);
      }
    });
    const { lines } = await heavylift('doctor', '--config', join(dir, 'dispatcher.env'));
    const at = lines.findIndex((line) => line.startsWith('✗'));
    expect(lines.filter((line) => line.startsWith('✗'))).toHaveLength(1);
    expect(lines[at]).toContain('node.rights-lost');
    expect(lines.join('\n')).toContain('ejabberdctl install_fallback FILE');
    await again('--allow-widening');
    expect((await heavylift('doctor', '--config', join(dir, 'dispatcher.env'))).code).toBe(0);
  });
});
