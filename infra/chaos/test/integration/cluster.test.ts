import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Member, now, seededRandom } from '@heavylift/testbed';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/check.js';
import { eventually } from '../../src/eventually.js';
import { killNode } from '../../src/faults.js';
import type { Observation } from '../../src/history.js';
import { ask, load } from '../../src/load.js';
import { details } from '../../src/report.js';
import { firstJob } from '../../src/run.js';
import { type ClusterSite, startCluster } from '../../src/site.js';
import { createWorld, type World } from '../../src/world.js';

const seed = 6;
const rate = 20;
const lifters = 4;
const slots = 4;
/**
 * Time until all that was accepted must be told, and time for a whole test, in milliseconds. An event can die with the node that was to
 * send it, its item being there: the dispatcher tells such a result again a minute later.
 */
const settleMs = 120_000;
const timeout = 240_000;
/** The server, or a part of it, dies. */
const tolerated = ['repeated', 'secondResults'] as const;

/** Whose name is even is at home at the second node, the user too. */
describe('two ejabberd that are one server, with services at both', () => {
  let world: World;
  let dir: string;
  let isSound = true;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heavylift-cluster-test-'));
    world = await createWorld({
      dir,
      dispatchers: 2,
      notifiers: 2,
      lifters,
      slots,
      startSite: startCluster,
    });
    await firstJob(world);
  }, timeout);

  afterEach(({ task }) => {
    isSound &&= task.result?.state !== 'fail';
  });

  afterAll(async () => {
    await world?.stop();
    // Histories and logs of a failure stay: its message names the folder.
    if (isSound) await rm(dir, { recursive: true, force: true });
  });

  const cluster = (): ClusterSite => {
    if (world.cluster === undefined) throw new Error('the world has no cluster');
    return world.cluster;
  };

  const lifter = (name: string): Member => {
    const found = world.crew.of('lifter').find((member) => member.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  /** Accounts that have a session at the home node of this name. */
  const accountsAt = async (name: string): Promise<string[]> => {
    const node = cluster().homeOf(name).name;
    const sessions = await cluster().sessions();
    const accounts = sessions.filter((session) => session.node === node);
    return [...new Set(accounts.map(({ jid }) => jid.split('@', 1)[0] ?? ''))].sort();
  };

  /** Waits for them: a job can be told of before the last lifter has logged in. */
  const expectAt = (name: string, accounts: readonly string[]): Promise<void> =>
    expect
      .poll(() => accountsAt(name), { timeout: 30_000 })
      .toEqual(expect.arrayContaining([...accounts]));

  const isTold = (observations: readonly Observation[], job: string): boolean =>
    observations.some((each) => each.type === 'told' && each.job === job);

  /** Waits until the user has been told of a job that this lifter began after `since`. As many are asked for at once as need all slots. */
  async function expectJobBy(name: string, since: number): Promise<void> {
    const isDone = async () => {
      const pid = lifter(name).process?.pid;
      return (await world.history()).some(
        (each) =>
          each.type === 'started' &&
          each.at > since &&
          (each.parent === pid || each.pid === pid) &&
          isTold(world.recorder.observations, each.job),
      );
    };
    const limit = now() + 45_000;
    while (!(await isDone()) && now() < limit) {
      for (let count = 0; count < lifters * slots; count += 1)
        await ask(world.requester, world.recorder, 'work ms=200');
      await eventually(isDone, 5_000);
    }
    expect(await isDone()).toBe(true);
  }

  /**
   * Keeps asking for jobs while a node is killed, is away for some seconds, and comes back; all must come out right. The user is at
   * the other node: what a node has not yet handed over to the users at it dies with it.
   */
  async function expectNothingLost(choose: (cluster: ClusterSite) => Promise<string>) {
    const { requester, program, recorder, numbers } = world;
    const random = seededRandom(seed);
    const victim = await choose(cluster());
    const other = cluster().nodes.find(({ name }) => name !== victim);
    if (other !== undefined) await cluster().moveUser(other);
    const loading = new AbortController();
    const { signal } = loading;
    const told = check(recorder.observations).counts.told;
    const loaded = load({ requester, program, recorder, numbers, random, rate, signal });
    try {
      await expect.poll(() => check(recorder.observations).counts.told).toBeGreaterThan(told + 40);
      await killNode(() => victim)(world, random);
      await sleep(2_000);
    } finally {
      loading.abort();
      await loaded;
    }
    await eventually(() => check(recorder.observations).counts.open === 0, settleMs);
    await sleep(1_000); // for what comes twice
    const history = await world.history();
    const verdict = check(history);
    expect(details({ verdict, history, faults: 1, settledMs: 0 }, tolerated), dir).toEqual([]);
    expect(verdict.lostByServer).toEqual([]);
    expect(await cluster().running()).toHaveLength(2);
  }

  it(
    'spread the sessions of their accounts over both',
    async () => {
      await expectAt('user', ['bot', 'lifter-2', 'lifter-4', 'notifier', 'user']);
      await expectAt('lifter-1', ['bot', 'lifter-1', 'lifter-3', 'notifier']);
    },
    timeout,
  );

  it(
    'let jobs flow across: the user at the second node is told of what lifters at the first did',
    async () => {
      await expectJobBy('lifter-1', 0);
      await expectJobBy('lifter-2', 0);
    },
    timeout,
  );

  it(
    'lose nothing when the second node is killed under load',
    async () => {
      await expectNothingLost(async ({ homeOf }) => homeOf('lifter-2').name);
    },
    timeout,
  );

  it(
    'have the node that came back take load: sessions first, then jobs',
    async () => {
      const since = now();
      await expectAt('lifter-2', ['lifter-2', 'lifter-4']);
      await expectJobBy('lifter-2', since);
    },
    timeout,
  );

  it(
    'lose nothing when the node is killed that the dispatcher in office is connected to',
    async () => {
      await expectNothingLost(nodeInOffice);
    },
    timeout,
  );
});

/** Chat reaches the dispatcher in office alone, so it alone has a priority of 0 or more. */
async function nodeInOffice(cluster: ClusterSite): Promise<string> {
  const leads = (await cluster.sessions()).find(
    ({ jid, priority }) => jid.startsWith('bot@') && priority >= 0,
  );
  if (leads === undefined) throw new Error('no dispatcher is in office');
  return leads.node;
}
