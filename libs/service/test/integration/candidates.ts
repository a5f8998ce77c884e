/** Candidates for an office, each with a session of its own, on a server that the tests of a file share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type EjabberdServer, type Line, openLine, startEjabberd } from '@heavylift/ejabberd';
import {
  connectPubSub,
  createSession,
  type Session,
  type SessionOptions,
} from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import {
  availability,
  type Candidacy,
  type CandidacyOptions,
  createLogger,
  keepPresence,
  type LeadershipTimings,
  leaderMark,
  type Office,
  standForOffice,
} from '../../src/index.js';

export const patience = { timeout: 20_000, interval: 10 };

/** What belongs to one test. */
interface Round {
  prefix: string;
  /** Offices that are not over; and how many there were at once, at most. */
  inOffice: Office[];
  mostAtOnce: number;
  /** What is to be ended when the test is over: candidates first, then their sessions. */
  readonly ends: (() => Promise<unknown>)[];
}

export let server: EjabberdServer;
let rounds = 0;
export let round: Round;

/** To be called once a file. */
export function shareServer(): void {
  beforeAll(async () => {
    server = await startEjabberd();
    await server.register('bot', 'secret');
    await server.register('nobody', 'secret');
    await server.register('notifier', 'secret');
  });
  afterAll(() => server?.stop());
  beforeEach(() => {
    rounds += 1;
    round = { prefix: `round-${rounds}/`, inOffice: [], mostAtOnce: 0, ends: [] };
  });
  afterEach(() => Promise.all(round.ends.map((end) => end())));
}

export async function login(options: Partial<SessionOptions> = {}): Promise<Session> {
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
  round.ends.push(() => session.stop());
  await session.start();
  return session;
}

export const pubsubOf = (session: Session) => connectPubSub(session, { jid: server.pubsub });
export const lockOf = (session: Session, epoch: number) =>
  pubsubOf(session).node(`${round.prefix}lock/dispatcher/${epoch}`);

export interface Candidate {
  readonly session: Session;
  readonly candidacy: Candidacy;
  readonly offices: Office[];
  readonly stop: () => Promise<void>;
}

export function stand(
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
    nodePrefix: round.prefix,
    role: 'dispatcher',
    onElected(elected) {
      office = elected;
      offices.push(elected);
      round.inOffice.push(elected);
      round.mostAtOnce = Math.max(round.mostAtOnce, round.inOffice.length);
      presence.say();
    },
    onOver(over) {
      office = undefined;
      round.inOffice = round.inOffice.filter((other) => other !== over);
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
  round.ends.unshift(stop);
  return { session, candidacy, offices, stop };
}

export async function line(): Promise<Line> {
  const opened = await openLine(server.service);
  round.ends.push(opened.close);
  return opened;
}

export const elected = (candidate: Candidate, times = 1) =>
  vi.waitFor(() => {
    expect(candidate.offices.length).toBeGreaterThanOrEqual(times);
    expect(candidate.candidacy.office).toBeDefined();
  }, patience);

interface Two {
  readonly leader?: Partial<SessionOptions>;
  readonly standby?: Partial<SessionOptions>;
  readonly timings?: Partial<LeadershipTimings>;
}

export async function leaderAndStandby(options: Two = {}) {
  const { timings = {} } = options;
  const leader = stand(await login(options.leader), { timings });
  await elected(leader);
  const standby = stand(await login(options.standby), { timings });
  await vi.waitFor(() => expect(standby.candidacy.leader?.epoch).toBe(1), patience);
  return { leader, standby };
}

/** What a writer does: certifies, then writes. Each time counts as a write. */
export function keepWriting(candidate: Candidate) {
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
  round.ends.push(stop);
  return { times, last: () => times.at(-1), stop };
}
