import { setTimeout as sleep } from 'node:timers/promises';
import { type EjabberdServer, type Line, openLine, startEjabberd } from '@heavylift/ejabberd';
import {
  connectPubSub,
  createSession,
  type PubSubService,
  type Session,
  type SessionOptions,
} from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  availability,
  type Candidacy,
  type CandidacyOptions,
  createLogger,
  isServiceError,
  keepPresence,
  LEADER_NAMESPACE,
  type LeadershipTimings,
  leaderMark,
  type Office,
  standForOffice,
} from '../../src/index.js';

const patience = { timeout: 20_000, interval: 10 };

let server: EjabberdServer;
let round = 0;
let prefix = '';
let ends: (() => Promise<unknown>)[] = [];
/** Epochs of offices that are not over, by their candidates; and how many there were at once, at most. */
let inOffice: Office[] = [];
let mostAtOnce = 0;

beforeAll(async () => {
  server = await startEjabberd();
  await server.register('bot', 'secret');
  await server.register('nobody', 'secret');
});
afterAll(() => server?.stop());
beforeEach(() => {
  round += 1;
  prefix = `round-${round}/`;
  inOffice = [];
  mostAtOnce = 0;
});
afterEach(async () => {
  await Promise.all(ends.map((end) => end()));
  ends = [];
});

async function login(options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = createSession({
    service: server.service,
    domain: server.domain,
    username: 'bot',
    password: 'secret',
    tls: { allowPlaintextOnLoopback: true },
    backoff: { initialMs: 50, maxMs: 500 },
    streamManagement: false,
    ...options,
  });
  ends.push(() => session.stop());
  await session.start();
  return session;
}

const pubsubOf = (session: Session) => connectPubSub(session, { jid: server.pubsub });
const lockOf = (session: Session, epoch: number) =>
  pubsubOf(session).node(`${prefix}lock/dispatcher/${epoch}`);

interface Candidate {
  readonly session: Session;
  readonly candidacy: Candidacy;
  readonly offices: Office[];
  readonly stop: () => Promise<void>;
}

function stand(
  session: Session,
  { unavailable = false, ...options }: Partial<CandidacyOptions> & { unavailable?: boolean } = {},
): Candidate {
  const offices: Office[] = [];
  let office: Office | undefined;
  const presence = keepPresence(session, {
    stanza: () =>
      unavailable
        ? xml('presence', { type: 'unavailable' })
        : availability(office ? 1 : -1, undefined, ...leaderMark('dispatcher', office)),
    onFailure: () => undefined,
  });
  const candidacy = standForOffice({
    session,
    pubsub: pubsubOf(session),
    nodePrefix: prefix,
    role: 'dispatcher',
    onElected(elected) {
      office = elected;
      offices.push(elected);
      inOffice.push(elected);
      mostAtOnce = Math.max(mostAtOnce, inOffice.length);
      presence.say();
    },
    onOver(over) {
      office = undefined;
      inOffice = inOffice.filter((other) => other !== over);
      presence.say();
    },
    log: createLogger({ name: 'test', level: process.env['LOG_LEVEL'] ?? 'silent' }),
    ...options,
  });
  const stop = async () => {
    await candidacy.stop();
    presence.say();
    presence.stop();
  };
  ends.unshift(stop);
  return { session, candidacy, offices, stop };
}

async function line(): Promise<Line> {
  const opened = await openLine(server.service);
  ends.push(opened.close);
  return opened;
}

const elected = (candidate: Candidate, times = 1) =>
  vi.waitFor(() => {
    expect(candidate.offices.length).toBeGreaterThanOrEqual(times);
    expect(candidate.candidacy.office).toBeDefined();
  }, patience);

interface Two {
  readonly leader?: Partial<SessionOptions>;
  readonly standby?: Partial<SessionOptions>;
  readonly timings?: Partial<LeadershipTimings>;
}

async function leaderAndStandby(options: Two = {}) {
  const { timings = {} } = options;
  const leader = stand(await login(options.leader), { timings });
  await elected(leader);
  const standby = stand(await login(options.standby), { timings });
  await vi.waitFor(() => expect(standby.candidacy.leader?.epoch).toBe(1), patience);
  return { leader, standby };
}

describe('candidates for an office', () => {
  it('are elected one at a time, however many stand at once (XEP-0060 section 8.1)', async () => {
    const sessions = await Promise.all([login(), login(), login()]);
    for (let again = 0; again < 15; again += 1) {
      prefix = `race-${round}-${again}/`;
      const candidates = sessions.map((session) => stand(session));
      await vi.waitFor(() => {
        expect(inOffice).toHaveLength(1);
        const epochs = candidates.map(({ candidacy }) => candidacy.leader?.epoch);
        expect(epochs).toEqual(Array(3).fill(inOffice[0]?.epoch));
      }, patience);
      await inOffice[0]?.certify();
      await Promise.all(candidates.map(({ stop }) => stop()));
    }
    expect(mostAtOnce).toBe(1);
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
    expect(mostAtOnce).toBe(1);
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
    expect(mostAtOnce).toBe(1);
  });
});

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
    expect(mostAtOnce).toBe(1);
  });

  it('look once more before they write, since they are certain only of when they asked', async () => {
    const session = await login();
    const certaintyMs = 500;
    let proceed: () => void = () => undefined;
    const mayProceed = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    ends.push(async () => proceed());
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
      timings: { checkEveryMs: 100, silentMs: 400, lastAskMs: 400, certaintyMs: 4_000 },
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
    expect(mostAtOnce).toBe(1);
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

/** What a writer does: certifies, then writes. Each time counts as a write. */
function keepWriting(candidate: Candidate) {
  const times: number[] = [];
  const over = new AbortController();
  const done = (async () => {
    while (!over.signal.aborted) {
      await candidate.candidacy.office?.certify().then(
        () => times.push(performance.now()),
        () => undefined,
      );
      await sleep(10);
    }
  })();
  const stop = () => {
    over.abort();
    return done;
  };
  ends.push(stop);
  return { times, last: () => times.at(-1), stop };
}
