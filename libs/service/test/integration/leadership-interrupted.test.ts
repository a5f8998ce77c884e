/** Candidates that are held up, or cut off, when it matters. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PubSubService, Session } from '@heavylift/xmpp-pubsub';
import { describe, expect, it, vi } from 'vitest';
import {
  elected,
  keepWriting,
  leaderAndStandby,
  line,
  login,
  patience,
  pubsubOf,
  round,
  shareServer,
  stand,
} from './candidates.js';

shareServer();

describe('candidates that are held up after they made their lock', () => {
  it('are not in office by what they read on a connection that is broken, but are elected anew on the next', async () => {
    const way = await line();
    const session = await login({ service: way.service });
    const pubsub = readingLocks(session, async (read) => {
      if (read !== confirmation) return;
      const broken = new Promise((resolve) => session.on('offline', resolve));
      way.cut();
      await broken;
    });
    const candidate = stand(session, { pubsub, timings: { yieldMs: 100 } });
    await elected(candidate);
    expect(candidate.offices.map(({ epoch }) => epoch)).toEqual([2]);
    await candidate.offices[0]?.certify();
    expect(round.mostAtOnce).toBe(1);
  });

  it('look once more before they write, since they are certain only of when they asked', async () => {
    const session = await login();
    const certaintyMs = 500;
    let proceed: () => void = () => undefined;
    const mayProceed = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    round.ends.push(async () => proceed());
    const pubsub = readingLocks(session, (read) => {
      if (read === confirmation) return sleep(certaintyMs + 10);
      return read > confirmation ? mayProceed : Promise.resolve();
    });
    const candidate = stand(session, { pubsub, timings: { certaintyMs } });
    await elected(candidate);
    const writing = keepWriting(candidate);
    await sleep(200);
    expect(writing.times).toEqual([]);
    proceed();
    await vi.waitFor(() => expect(writing.times.length).toBeGreaterThan(0), patience);
  });
});

describe('candidates whose connections fail', () => {
  it('write no more once another is in office, though nobody tells them', async () => {
    const way = await line();
    const { leader, standby } = await leaderAndStandby({
      leader: { service: way.service, ping: false },
      // The standby would be in office long before the leader stops to rely on what it read, if it did not wait for that.
      timings: { checkEveryMs: 100, silentMs: 1_000, lastAskMs: 1_000, certaintyMs: 4_000 },
    });
    const writing = keepWriting(leader);
    await vi.waitFor(() => expect(writing.times.length).toBeGreaterThan(0), patience);
    way.blackHole();
    await elected(standby);
    const electedAt = performance.now();
    // It does not know, and would write if it could.
    await sleep(1_000);
    expect(leader.candidacy.office).toBe(leader.offices[0]);
    expect(writing.last()).toBeLessThan(electedAt);
    way.heal();
    await vi.waitFor(() => expect(leader.candidacy.leader?.epoch).toBe(2), patience);
    await writing.stop();
    expect(writing.last()).toBeLessThan(electedAt);
    await expect(leader.offices[0]?.certify()).rejects.toThrow('the connection broke');
    await standby.candidacy.office?.certify();
    expect(leader.offices).toHaveLength(1);
  });

  it('are out of office at once when the connection is cut, and write when they are elected anew', async () => {
    const way = await line();
    const leader = stand(await login({ service: way.service }));
    await elected(leader);
    const writing = keepWriting(leader);
    way.cut();
    await elected(leader, 2);
    await expect(leader.offices[0]?.certify()).rejects.toThrow('the connection broke');
    const before = writing.times.length;
    await vi.waitFor(() => expect(writing.times.length).toBeGreaterThan(before), patience);
    await writing.stop();
    expect(round.mostAtOnce).toBe(1);
  });

  it('let the former leader go first when all of them were cut off, even if it comes back last', async () => {
    const way = await line();
    const { leader, standby } = await leaderAndStandby({
      leader: { service: way.service, backoff: { initialMs: 1_000, maxMs: 1_000 } },
      standby: { service: way.service },
      timings: { yieldMs: 15_000 },
    });
    const back = new Promise((resolve) => standby.session.on('online', resolve));
    way.cut();
    await back;
    await elected(leader, 2);
    expect(leader.candidacy.office?.epoch).toBe(2);
    await vi.waitFor(() => expect(standby.candidacy.leader?.epoch).toBe(2), patience);
    expect(standby.offices).toEqual([]);
  });

  it('wait for the former leader no longer than they have to', async () => {
    const way = await line();
    const { leader, standby } = await leaderAndStandby({
      leader: { service: way.service, backoff: { initialMs: 60_000, maxMs: 60_000 } },
      standby: { service: way.service },
      timings: { yieldMs: 1_000 },
    });
    const back = new Promise<number>((resolve) =>
      standby.session.on('online', () => resolve(performance.now())),
    );
    way.cut();
    const backAt = await back;
    await elected(standby);
    expect(performance.now() - backAt).toBeGreaterThanOrEqual(990);
    expect(leader.candidacy.office).toBeUndefined();
  });
});

/** Of the times that a candidate reads the locks, the first after it made its own; it looked once before. */
const confirmation = 2;

/** Each time that the service has told the locks, the candidate learns of it only after `heldUp`. */
function readingLocks(session: Session, heldUp: (read: number) => Promise<void>): PubSubService {
  const pubsub = pubsubOf(session);
  let reads = 0;
  return {
    ...pubsub,
    async affiliations(options) {
      const found = await pubsub.affiliations(options);
      reads += 1;
      await heldUp(reads);
      return found;
    },
  };
}
