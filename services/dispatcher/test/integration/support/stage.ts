import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import {
  createLedgerReplica,
  eventsCodec,
  type HandlerSpec,
  handlersCodec,
  type JobEntry,
  type JobEvent,
  type JobResult,
  lifterCodec,
  resultsCodec,
  sheetCodec,
} from '@heavylift/jobs';
import { type Provisioned, provision } from '@heavylift/provision';
import { createLogger, type Lifecycle } from '@heavylift/service';
import { connectPubSub, createSession, type Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { createDispatcher, type DispatcherOptions } from '../../../src/dispatcher.js';

type Account = Provisioned['accounts']['bot'];

let server: EjabberdServer;
let provisioned: Provisioned;
let sessions: Session[] = [];
let dispatchers: Lifecycle[] = [];
/** Why dispatchers were to end their service. */
export let shutdowns: string[] = [];

export const stage = {
  get server() {
    return server;
  },
  get provisioned() {
    return provisioned;
  },
};

beforeAll(async () => {
  server = await startEjabberd();
  provisioned = await provision({
    service: server.service,
    domain: server.domain,
    admin: server.admin,
    tls: { allowPlaintextOnLoopback: true },
    pubsubJid: server.pubsub,
    lifters: 2,
    extraUsers: [{ username: 'you', administrator: true }, { username: 'ada' }],
  });
});
afterAll(() => server?.stop());

afterEach(async () => {
  await Promise.all(dispatchers.map((dispatcher) => dispatcher.stop()));
  await Promise.all(sessions.map((session) => session.stop()));
  sessions = [];
  dispatchers = [];
});

export async function login(
  { username, password }: Account,
  resource: string,
  service = server.service,
): Promise<Session> {
  const session = createSession({
    service,
    domain: server.domain,
    username,
    password,
    resource,
    tls: { allowPlaintextOnLoopback: true },
    streamManagement: false,
    backoff: { maxMs: 1_000 },
  });
  sessions.push(session);
  await session.start();
  return session;
}

export const pubsubOf = (session: Session) => connectPubSub(session, { jid: server.pubsub });

export interface RunningDispatcher {
  readonly session: Session;
  /** A clean stop, of the connection too. */
  stop(): Promise<void>;
  /** As a process that is killed: nothing is said any more. */
  kill(): Promise<void>;
}

/** Starts one, or another one that stands by. */
export async function startDispatcher(
  resource = 'dispatcher.1',
  changes: Partial<DispatcherOptions> = {},
  service = server.service,
): Promise<RunningDispatcher> {
  const { accounts, administrators, nodePrefix } = provisioned;
  const session = await login(accounts.bot, resource, service);
  shutdowns = [];
  const dispatcher = createDispatcher({
    session,
    pubsub: pubsubOf(session),
    nodePrefix,
    lifters: accounts.lifters.map(({ jid }) => jid),
    notifier: accounts.notifier.jid,
    admins: administrators,
    graceMs: 1_000,
    limits: { openJobs: 100, openJobsOfRequester: 50, schedules: 10, schedulesOfRequester: 3 },
    timeZone: 'UTC',
    missedRuns: 'skip',
    version: '1.2.3',
    messageMaxAgeMs: 3_600_000,
    messagesPerSecond: 100,
    shutdown: (reason) => shutdowns.push(reason),
    log: createLogger({ name: resource, level: process.env['TEST_LOG'] ?? 'silent' }),
    ...changes,
  });
  dispatchers.push(dispatcher);
  await dispatcher.start(new AbortController().signal);
  const forget = (): void => {
    dispatchers = dispatchers.filter((other) => other !== dispatcher);
  };
  return {
    session,
    async stop() {
      forget();
      await dispatcher.stop();
      await session.stop();
    },
    async kill() {
      forget();
      await session.stop();
      await dispatcher.stop();
    },
  };
}

const handlers: readonly HandlerSpec[] = [
  {
    name: 'lift',
    title: 'heavy job',
    summary: 'Lifts.',
    fields: [{ name: 'count', type: 'integer', required: false, default: 30 }],
    timeoutMs: 60_000,
    maxAttempts: 3,
    texts: {},
  },
  {
    name: 'sweep',
    title: 'sweeping',
    summary: 'Sweeps a room.',
    fields: [{ name: 'room', type: 'text', required: true }],
    uniqueBy: ['room'],
    timeoutMs: 60_000,
    maxAttempts: 1,
    texts: {},
  },
];

/** Plays a lifter: sees the ledger, and says what the test has it say. */
export async function playLifter(index: number, resource = 'a') {
  const account = provisioned.accounts.lifters[index];
  if (account === undefined) throw new Error(`no lifter ${index}`);
  const session = await login(account, resource);
  await session.send(xml('presence'));
  const pubsub = pubsubOf(session);
  const { nodes, accounts } = provisioned;
  await pubsub.node(nodes.handlers, handlersCodec).publish(handlers, { id: account.jid });
  const ledger = createLedgerReplica();
  const sheets = (items: readonly { id: string; value: ReturnType<typeof sheetCodec.decode> }[]) =>
    items.map(({ id, value }) => ({ id, sheet: value }));
  await pubsub.node(nodes.jobs, sheetCodec).replicate({
    reset: (items) => ledger.reset(sheets(items)),
    event: (event) => event.type === 'published' && ledger.published(sheets(event.items)),
  }).ready;
  const jid = String(session.jid);
  const results = pubsub.node(nodes.results, resultsCodec);
  const publish = (result: JobResult) => results.publish([result]);
  const endOf = ({ id, number, kind, attempt, submitted }: JobEntry) => ({
    ...{ job: id, number, kind, attempt, submitted },
    lifter: jid,
    finished: Date.now(),
    failures: [],
  });
  return {
    session,
    jid,
    announce: (slots = 2) =>
      session.send(
        xml(
          'presence',
          { to: accounts.bot.jid },
          lifterCodec.encode({
            version: '1',
            slots,
            busy: 0,
            draining: false,
            handlers: handlers.map(({ name }) => name),
            running: [],
          }),
        ),
      ),
    given: () =>
      [...ledger.entries()].filter(
        ({ state }) => state.type === 'assigned' && state.lifter === jid,
      ),
    open: () => [...ledger.entries()],
    progress: ({ id, attempt }: JobEntry, done: number, total: number) =>
      pubsub
        .node(nodes.events, eventsCodec)
        .publish([{ type: 'progress', job: id, attempt, at: Date.now(), done, total }]),
    publish,
    say: (event: JobEvent) => pubsub.node(nodes.events, eventsCodec).publish([event]),
    succeed: (entry: JobEntry) => publish({ ...endOf(entry), status: 'succeeded', value: null }),
    fail: (entry: JobEntry) =>
      publish({
        ...endOf(entry),
        status: 'failed',
        error: { class: 'Error', message: 'too heavy' },
      }),
  };
}

/** Messages of all tests: under an id that was used a moment ago, it would be the same message. */
let said = 0;

/** A person with a chat client. */
export async function chat(username: string, resource = 'client') {
  const account = provisioned.accounts.users.find((user) => user.username === username);
  if (account === undefined) throw new Error(`no user ${username}`);
  const session = await login(account, resource);
  const heard: Element[] = [];
  session.on('stanza', (stanza) => {
    if (stanza.is('message')) heard.push(stanza);
  });
  await session.send(xml('presence'));
  return {
    session,
    heard,
    /** Says it, and waits for the answer to it. @param more what else stands in the message */
    async say(text: string, id = `m${++said}`, ...more: readonly Element[]): Promise<Element> {
      const to = provisioned.accounts.bot.jid;
      const before = heard.length;
      await session.send(xml('message', { to, type: 'chat', id }, xml('body', {}, text), ...more));
      return vi.waitFor(() => {
        const answer = heard
          .slice(before)
          .find((stanza) => stanza.getChild('reply', 'urn:xmpp:reply:0')?.attrs['id'] === id);
        if (answer === undefined) throw new Error(`no answer to "${text}"`);
        return answer;
      }, patience);
    },
  };
}

export const patience = { timeout: 40_000, interval: 20 };
export const bodyOf = (stanza: Element) => stanza.getChildText('body');

/** Plays the notifier: says that the requesters have been told. */
export async function tell(...jobs: readonly string[]): Promise<void> {
  if (jobs.length === 0) return;
  const session = await login(provisioned.accounts.notifier, `notifier.${sessions.length}`);
  await pubsubOf(session)
    .node(provisioned.nodes.events, eventsCodec)
    .publish(jobs.map((job) => ({ type: 'told', job, at: Date.now() })));
}
