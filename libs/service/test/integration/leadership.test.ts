import type { Session } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { describe, expect, it, vi } from 'vitest';
import {
  availability,
  createLogger,
  isServiceError,
  LEADER_NAMESPACE,
  leaderMark,
} from '../../src/index.js';
import {
  elected,
  keepWriting,
  leaderAndStandby,
  lockOf,
  login,
  patience,
  round,
  server,
  shareServer,
  stand,
} from './candidates.js';

shareServer();

describe('candidates for an office', () => {
  it('are elected one at a time, however many stand at once (XEP-0060 section 8.1)', async () => {
    const sessions = await Promise.all([login(), login(), login()]);
    const { prefix } = round;
    for (let again = 0; again < 15; again += 1) {
      round.prefix = `${prefix}${again}/`;
      const candidates = sessions.map((session) => stand(session));
      await vi.waitFor(() => {
        expect(round.inOffice).toHaveLength(1);
        const epochs = candidates.map(({ candidacy }) => candidacy.leader?.epoch);
        expect(epochs).toEqual(Array(3).fill(round.inOffice[0]?.epoch));
      }, patience);
      await round.inOffice[0]?.certify();
      await Promise.all(candidates.map(({ stop }) => stop()));
    }
    expect(round.mostAtOnce).toBe(1);
  });

  it('are not elected to what was an epoch before, even if the ledger alone remembers it', async () => {
    const candidate = stand(await login(), { epochAbove: async () => 41 });
    await elected(candidate);
    expect(candidate.candidacy.office?.epoch).toBe(42);
  });

  it('take over at once from one who resigns for good', async () => {
    const { leader, standby } = await leaderAndStandby();
    await leader.stop();
    await elected(standby);
    expect(standby.candidacy.office?.epoch).toBe(2);
    await expect(leader.offices[0]?.certify()).rejects.toThrow('standing for office no more');
    expect(round.mostAtOnce).toBe(1);
  });

  it('let another go first when they resign but stand again', async () => {
    const { leader, standby } = await leaderAndStandby();
    leader.candidacy.office?.resign('the ledger cannot be read');
    await elected(standby);
    await vi.waitFor(() => expect(leader.candidacy.leader?.epoch).toBe(2), patience);
  });

  it('step down at once before a higher epoch in the presence of their own account', async () => {
    const leader = stand(await login());
    await elected(leader);
    const other = await login();
    await other.send(availability(-1, undefined, ...leaderMark('notifier', { epoch: 99 })));
    await other.send(availability(-1, undefined, ...leaderMark('dispatcher', { epoch: 0 })));
    await other.send(availability(-1, undefined, ...leaderMark('dispatcher', { epoch: 7 })));
    await vi.waitFor(() => expect(leader.offices[0]?.signal.aborted).toBe(true), patience);
    expect(leader.offices[0]?.signal.reason).toMatchObject({
      message: `${other.jid} leads in epoch 7`,
    });
    await elected(leader, 2);
    expect(leader.candidacy.office?.epoch).toBe(8);
  });

  it('lose an office whose lock is gone, and are elected anew to a higher one', async () => {
    const leader = stand(await login(), { timings: { recheckMs: 200 } });
    await elected(leader);
    await lockOf(leader.session, 1).delete();
    await elected(leader, 2);
    expect(leader.offices[1]?.epoch).toBe(2);
    await expect(leader.offices[0]?.certify()).rejects.toSatisfy((error: unknown) =>
      isServiceError(error, 'office-lost'),
    );
  });

  it('answer for their office to their own account, and to nobody else', async () => {
    const leader = stand(await login());
    await elected(leader);
    const payload = xml('leader', { xmlns: LEADER_NAMESPACE, role: 'dispatcher', epoch: '1' });
    const ask = (session: Session) =>
      session.request({ type: 'get', to: String(leader.session.jid), payload });
    await ask(await login());
    await expect(ask(await login({ username: 'nobody' }))).rejects.toMatchObject({
      stanza: { condition: 'service-unavailable' },
    });
  });

  it('certify nothing once a higher lock is there', async () => {
    const leader = stand(await login(), { timings: { certaintyMs: 0 } });
    await elected(leader);
    const rival = await login();
    await lockOf(rival, 2).create({ title: `${rival.jid}` });
    await expect(leader.offices[0]?.certify()).rejects.toThrow('not the highest');
  });

  it('get no office by a lower lock that was made again late', async () => {
    const early = await login();
    let proceed: () => void = () => undefined;
    let asked = 0;
    // Looks, finds nobody, and is held up before it makes its lock.
    const late = stand(early, {
      // So that it hears of nobody's election.
      unavailable: true,
      epochAbove: () => {
        asked += 1;
        return asked > 1 ? 0 : new Promise((resolve) => (proceed = () => resolve(0)));
      },
    });
    await vi.waitFor(() => expect(asked).toBe(1), patience);
    const first = stand(await login());
    await elected(first);
    const second = stand(await login());
    await vi.waitFor(() => expect(second.candidacy.leader?.epoch).toBe(1), patience);
    await first.stop();
    await elected(second);
    await vi.waitFor(() => expect(lockOf(early, 1).config()).rejects.toThrow(), patience);
    proceed();
    await vi.waitFor(() => expect(late.candidacy.leader?.epoch).toBe(2), patience);
    await second.candidacy.office?.certify();
    expect(late.offices).toEqual([]);
    expect(round.mostAtOnce).toBe(1);
  });

  it('rely on no lock but the one they found vacant: by one made meanwhile somebody may be in office', async () => {
    const timings = { certaintyMs: 3_000 };
    let proceed: (() => void) | undefined;
    // Looks, finds nobody, and is held up before it makes its lock, a higher one. Neither hears of the other by presence.
    const late = stand(await login(), {
      unavailable: true,
      timings,
      epochAbove: () => new Promise((resolve) => (proceed = () => resolve(41))),
    });
    await vi.waitFor(() => expect(proceed).toBeDefined(), patience);
    const first = stand(await login(), { timings });
    await elected(first);
    const writing = keepWriting(first);
    proceed?.();
    await elected(late);
    const electedAt = performance.now();
    expect(late.offices.map(({ epoch }) => epoch)).toEqual([42]);
    await vi.waitFor(() => expect(first.offices[0]?.signal.aborted).toBe(true), patience);
    expect(writing.times.length).toBeGreaterThan(0);
    expect(writing.last()).toBeLessThan(electedAt);
  });
});

describe('a candidate that may not make nodes', () => {
  it('says who has to be allowed what, again and again, and leads never (XEP-0060 section 8.1.3)', async () => {
    const lines: string[] = [];
    const log = createLogger({
      name: 'test',
      level: 'warn',
      destination: { write: (text) => void lines.push(text) },
    });
    const candidate = stand(await login({ username: 'nobody' }), {
      timings: { longestRetryMs: 250 },
      log,
    });
    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(3), patience);
    for (const text of lines) {
      expect(text).toContain('cannot stand for office, trying again');
      expect(text).toContain(
        `nobody@localhost must be allowed to create nodes at ${server.pubsub}`,
      );
    }
    expect(candidate.offices).toEqual([]);
    // And it ends when it is told to.
    await candidate.stop();
  });
});
