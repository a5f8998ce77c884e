import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { provision } from '@heavylift/provision';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildRelease, previousCommit, type Release } from '../../src/previous-release.js';
import { logIn, type Seat, seat, type User, waiting } from './system.js';

const roles = ['lifter', 'dispatcher', 'notifier'] as const;
/** Long enough that a job is under way while a service is replaced. */
const whileReplacing = 2_500;

const today: Pick<Release, 'mainOf'> = {
  mainOf: (service) =>
    fileURLToPath(
      new URL('./dist/main.js', import.meta.resolve(`@heavylift/${service}/package.json`)),
    ),
};
const commit = await previousCommit().catch((error: Error) => {
  const line = '*'.repeat(100);
  process.stderr.write(`\n${line}\nSKIPPED: upgrades, because ${error.message}\n${line}\n\n`);
});

describe.skipIf(commit === undefined)(
  'a service of the previous release beside others of today',
  () => {
    let dir: string;
    let previous: Release;
    let server: EjabberdServer;
    let user: User;
    const seats = new Map<string, readonly Seat[]>();
    /** How each job is to end, by its id. */
    const wanted = new Map<string, string>();

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'heavylift-upgrade-'));
      previous = await buildRelease(commit ?? '');
      server = await startEjabberd();
      const { service, domain, admin, pubsub: pubsubJid } = server;
      const ann = { username: 'ann', password: 'secret-of-ann' };
      const provisioned = await provision({
        ...{ service, domain, admin, pubsubJid, tls: { allowPlaintextOnLoopback: true } },
        lifters: 2,
        extraUsers: [ann],
      });
      for (const role of roles)
        seats.set(
          role,
          [0, 1].map((n) => seat(dir, provisioned, role, n)),
        );
      for (const role of roles)
        await Promise.all((seats.get(role) ?? []).map((one) => one.fill(today.mainOf(role))));
      user = await logIn(server, provisioned.accounts.bot.jid, ann);
      // A lifter's handlers are known once it has announced itself.
      const first = await vi.waitFor(() => user.ask('work ms=1'), waiting);
      wanted.set(first.id, 'succeeded');
    }, 600_000);

    afterAll(async () => {
      await user?.stop();
      await Promise.all([...seats.values()].flat().map((one) => one.stop()));
      await server?.stop();
      await previous?.remove();
      if (dir !== undefined) await rm(dir, { recursive: true });
    }, 120_000);

    /** Replaces one process while jobs of every kind are under way, and waits until all of them are told. */
    async function replaceUnderLoad(one: Seat, main: string): Promise<void> {
      const ask = async (text: string, state: string) => {
        const job = await user.ask(text);
        wanted.set(job.id, state);
        return job;
      };
      const unwanted = await ask('work ms=600000', 'cancelled');
      const long = await ask(`work ms=${whileReplacing}`, 'succeeded');
      await ask('work ms=100 fail=1', 'succeeded');
      await ask('work ms=100 fail=9', 'failed');
      await vi.waitFor(() => {
        expect(user.told.get(unwanted.id)).toContain('progress');
        expect(user.told.get(long.id)).toContain('progress');
      }, waiting);
      const replaced = one.fill(main);
      // What the server kept while no dispatcher was there is not obeyed, and has to be said again.
      await vi.waitFor(async () => {
        const answer = await user.say(`cancel ${unwanted.number}`);
        expect(answer).toContain('I told the lifter to end');
      }, waiting);
      for (let n = 0; n < 3; n += 1) await ask('work ms=50', 'succeeded');
      await replaced;
      await vi.waitFor(() => expect(ends()).toEqual(new Map(wanted)), waiting);
    }

    /** What was told of each job in the end, all of it. */
    const ends = () =>
      new Map(
        [...user.told].map(([job, states]) => [
          job,
          states.filter((state) => state !== 'progress').join(),
        ]),
      );

    describe.each(roles)('%s', { timeout: 180_000 }, (role) => {
      it.each([0, 1])('goes back to the previous release while jobs run: process %i', async (n) => {
        const one = seats.get(role)?.[n];
        if (one !== undefined) await replaceUnderLoad(one, previous.mainOf(role));
      });

      it.each([0, 1])('is upgraded while jobs run: process %i', async (n) => {
        const one = seats.get(role)?.[n];
        if (one !== undefined) await replaceUnderLoad(one, today.mainOf(role));
      });
    });

    it('loses no job, tells none twice, and breaks off none but those that were cancelled', async () => {
      // For what comes twice.
      await sleep(2_000);
      expect(ends()).toEqual(wanted);
      const runs = new Map<string, string[]>();
      for (const line of (await readFile(join(dir, 'runs'), 'utf8')).trim().split('\n')) {
        const { job, attempt, how } = JSON.parse(line);
        runs.set(job, [...(runs.get(job) ?? []), `${attempt} ${how}`]);
      }
      expect([...runs.keys()].sort()).toEqual([...wanted.keys()].sort());
      const once = ['1 started', '1 ended'];
      const twice = [...once, '2 started', '2 ended'];
      const allowed: Record<string, readonly string[][]> = {
        succeeded: [once, twice],
        failed: [twice],
        cancelled: [['1 started', '1 aborted']],
      };
      for (const [job, steps] of runs) expect(allowed[wanted.get(job) ?? '']).toContainEqual(steps);
    });
  },
);
