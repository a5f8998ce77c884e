/** Leaders that are ended in every way a process can end, each a process of its own. */
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { compile, type Program, type Run, run } from '../fixture/program.js';

/** What is promised, with room for a machine that is busy. */
const takeOverMs = 8_000;

let server: EjabberdServer;
let program: Program;
let runs: Run[] = [];
let round = 0;

beforeAll(async () => {
  [server, program] = await Promise.all([startEjabberd(), compile('candidate')]);
  await server.register('bot', 'secret');
});
afterAll(async () => {
  program?.remove();
  await server?.stop();
});
beforeEach(() => {
  round += 1;
});
afterEach(async () => {
  for (const { child } of runs) child.kill('SIGKILL');
  await Promise.all(runs.map(({ ended }) => ended));
  runs = [];
});

function start(): Run {
  const started = run(program, {
    XMPP_SERVICE: server.service,
    XMPP_DOMAIN: server.domain,
    XMPP_USERNAME: 'bot',
    XMPP_PASSWORD: 'secret',
    XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK: 'true',
    NODE_PREFIX: `round-${round}/`,
  });
  runs.push(started);
  return started;
}

async function leaderAndStandby() {
  const leader = start();
  await leader.logged('write');
  const standby = start();
  await standby.logged('standing by');
  return { leader, standby };
}

/** @returns how long it took from now until the standby wrote */
async function takesOver(standby: Run, how: string): Promise<number> {
  const since = performance.now();
  await standby.logged('write');
  const ms = performance.now() - since;
  process.stderr.write(`take-over after ${how}: ${Math.round(ms)} ms\n`);
  expect(ms).toBeLessThan(takeOverMs);
  return ms;
}

it.each(['SIGKILL', 'SIGTERM'] as const)('a standby takes over after %s', async (signal) => {
  const { leader, standby } = await leaderAndStandby();
  leader.child.kill(signal);
  await takesOver(standby, signal);
});

it('a standby takes over from a frozen leader, which writes no more when it goes on', async () => {
  const { leader, standby } = await leaderAndStandby();
  leader.child.kill('SIGUSR2');
  await leader.logged('frozen');
  await takesOver(standby, 'SIGSTOP');
  leader.child.kill('SIGCONT');
  await leader.logged('out of office');
  await leader.logged('standing by');
  const messages = leader.messages();
  expect(messages.slice(messages.lastIndexOf('frozen'))).not.toContain('write');
});

it('one of them leads again after a kill of the server', { timeout: 120_000 }, async () => {
  const { leader, standby } = await leaderAndStandby();
  const terms = () =>
    [leader, standby].flatMap((candidate) =>
      candidate.messages().filter((message) => message === 'in office'),
    ).length;
  await server.kill();
  await server.restart();
  await vi.waitFor(() => expect(terms()).toBeGreaterThanOrEqual(2), {
    // They wait for longer and longer, up to 5 s, while the server is not up yet.
    timeout: 60_000,
  });
});
