import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import {
  decodeJobMark,
  decodeJobMarks,
  eventsCodec,
  handlersCodec,
  type JobEntry,
  type JobEvent,
  type JobResult,
  makeJobId,
  openLedger,
  type Requester,
  resultsCodec,
  sheetCodec,
} from '@heavylift/jobs';
import { type Provisioned, provision } from '@heavylift/provision';
import { createLogger, type Lifecycle, unwrapForwarded } from '@heavylift/service';
import { connectPubSub, createSession, type Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createNotifier } from '../../src/notifier.js';

type Account = Provisioned['accounts']['bot'];

const patience = { timeout: 20_000, interval: 20 };

let server: EjabberdServer;
let provisioned: Provisioned;
let sessions: Session[] = [];
const notifiers: Lifecycle[] = [];
let epoch = 0;

beforeAll(async () => {
  server = await startEjabberd();
  provisioned = await provision({
    service: server.service,
    domain: server.domain,
    admin: server.admin,
    tls: { allowPlaintextOnLoopback: true },
    pubsubJid: server.pubsub,
    lifters: 1,
    extraUsers: [{ username: 'you' }],
  });
});
afterAll(() => server?.stop());

afterEach(async () => {
  await stopNotifiers();
  await Promise.all(sessions.map((session) => session.stop()));
  sessions = [];
});

async function login({ username, password }: Account): Promise<Session> {
  const session = createSession({
    service: server.service,
    domain: server.domain,
    username,
    password,
    tls: { allowPlaintextOnLoopback: true },
    // Not for longer than a restart of the server takes.
    backoff: { maxMs: 1_000 },
    streamManagement: false,
  });
  sessions.push(session);
  await session.start();
  return session;
}

const pubsubOf = (session: Session) => connectPubSub(session, { jid: server.pubsub });

async function startNotifier() {
  const warnings: string[] = [];
  const { accounts, nodePrefix } = provisioned;
  const session = await login(accounts.notifier);
  const voice = await login(accounts.bot);
  const started = createNotifier({
    shutdown: () => undefined,
    session,
    pubsub: pubsubOf(session),
    voice,
    nodePrefix,
    bot: accounts.bot.jid,
    lifters: accounts.lifters.map(({ jid }) => jid),
    progressIntervalMs: 100,
    log: createLogger({
      name: 'notifier',
      level: 'warn',
      destination: { write: (line) => void warnings.push(line) },
    }),
  });
  notifiers.push(started);
  await started.start(new AbortController().signal);
  // As a kill does: both streams at once, with no last word.
  return {
    cut: async () => void (await Promise.all([session.stop(), voice.stop()])),
    warnings,
  };
}

const stopNotifiers = async () => {
  await Promise.all(notifiers.splice(0).map((started) => started.stop()));
};

const person: Requester = { jid: 'you@localhost/client', messageType: 'chat', messageId: 'm1' };
const program: Requester = { ...person, messageType: 'command', gathers: true };

/** Plays the dispatcher: keeps the ledger, and hears who was told. */
async function playDispatcher() {
  const session = await login(provisioned.accounts.bot);
  await session.send(xml('presence'));
  const pubsub = pubsubOf(session);
  const { nodes } = provisioned;
  const jobs = pubsub.node(nodes.jobs, sheetCodec);
  const read = await jobs.items();
  epoch += 1;
  const ledger = openLedger({ epoch, items: read.map(({ id, value }) => ({ id, sheet: value })) });
  const events: JobEvent[] = [];
  pubsub.node(nodes.events, eventsCodec).on((event) => {
    if (event.type === 'published') for (const { value } of event.items) events.push(...value);
  });
  const write = async () => {
    const flush = ledger.nextFlush();
    if (flush === undefined) return;
    await jobs.publish(flush.sheet, { id: flush.id });
    ledger.confirmed(flush.id);
  };
  return {
    told: () => events.filter(({ type }) => type === 'told').map(({ job }) => job),
    /** Gives it to the lifter that plays. */
    async accept(requester: Requester = person) {
      const entry = ledger.add({
        id: makeJobId(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
        kind: 'lift',
        args: {},
        requester,
        submitted: Date.now(),
        timeoutMs: 1_000,
        priority: 0,
        attempt: 1,
        maxAttempts: 1,
        stalls: 0,
        target: { type: 'any' },
        failures: [],
        state: { type: 'assigned', lifter: lifterJid, since: Date.now() },
      });
      await write();
      return entry;
    },
    async letGo(job: string) {
      ledger.remove(job);
      await write();
    },
  };
}

/** Of the one that plays. */
let lifterJid = '';

async function playLifter() {
  const [account] = provisioned.accounts.lifters;
  if (account === undefined) throw new Error('no lifter');
  const session = await login(account);
  const jid = String(session.jid);
  lifterJid = jid;
  const pubsub = pubsubOf(session);
  const { nodes } = provisioned;
  await pubsub.node(nodes.handlers, handlersCodec).publish(
    [
      {
        name: 'lift',
        title: 'heavy job',
        summary: '',
        fields: [],
        timeoutMs: 1,
        maxAttempts: 1,
        texts: { done: 'Done lifting' },
      },
    ],
    { id: account.jid },
  );
  return {
    progress: (job: string, done: number) =>
      pubsub
        .node(nodes.events, eventsCodec)
        .publish([{ type: 'progress', job, attempt: 1, at: Date.now(), done, total: 3 }]),
    succeed: (...entries: { readonly id: string; readonly number: number }[]) =>
      pubsub.node(nodes.results, resultsCodec).publish(
        entries.map((entry) => ({ ...resultOf(entry), lifter: jid })),
        { id: randomUUID() },
      ),
  };
}

const resultOf = ({ id, number }: { readonly id: string; readonly number: number }): JobResult => ({
  job: id,
  number,
  kind: 'lift',
  attempt: 1,
  submitted: 0,
  finished: Date.now(),
  failures: [],
  status: 'succeeded',
  value: null,
});

/** The requester, with a chat client under the resource that asked. */
async function listen() {
  const [account] = provisioned.accounts.users;
  if (account === undefined) throw new Error('no user');
  const session = createSession({
    service: server.service,
    domain: server.domain,
    username: account.username,
    password: account.password,
    resource: 'client',
    tls: { allowPlaintextOnLoopback: true },
    backoff: { maxMs: 1_000 },
  });
  sessions.push(session);
  const heard: Element[] = [];
  session.on('stanza', (stanza) => {
    if (stanza.is('message')) heard.push(stanza);
  });
  await session.start();
  await session.send(xml('presence'));
  const about = (job: string, state: string) =>
    heard.filter((stanza) => {
      const mark = decodeJobMark(stanza);
      return mark?.id === job && mark.state === state;
    });
  return { session, heard, about };
}

let active: Awaited<ReturnType<typeof startNotifier>>;
beforeEach(async () => {
  active = await startNotifier();
});

it('tells the requester as the bot, once the server has a result, and reports it', async () => {
  const [dispatcher, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  const entry = await dispatcher.accept();
  await lifter.succeed(entry);
  const [message] = await vi.waitFor(() => {
    expect(you.about(entry.id, 'succeeded')).toHaveLength(1);
    return you.about(entry.id, 'succeeded');
  }, patience);
  expect(message?.getChildText('body')).toBe(`Done lifting #${entry.number}`);
  expect(message?.attrs['from']).toMatch(/^bot@localhost\//);
  expect(message?.getChild('reply', 'urn:xmpp:reply:0')?.attrs['id']).toBe('m1');
  await vi.waitFor(() => expect(dispatcher.told()).toEqual([entry.id]), patience);
  await dispatcher.letGo(entry.id);
  expect(active.warnings).toEqual([]);
});

it('tells a program of many jobs in few messages, each with what came of it', async () => {
  const [dispatcher, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  const entries: JobEntry[] = [];
  for (let count = 0; count < 12; count += 1) entries.push(await dispatcher.accept(program));
  await lifter.succeed(...entries);
  const jobs = entries.map(({ id }) => id);
  await vi.waitFor(() => expect(dispatcher.told().sort()).toEqual(jobs), patience);
  // What comes while four are under way goes together.
  const marks = await vi.waitFor(() => {
    const heard = you.heard.map(decodeJobMarks);
    expect(heard.map(({ length }) => length)).toEqual([1, 1, 1, 1, 8]);
    return heard;
  }, patience);
  expect(marks.flat()).toMatchObject(
    entries.map(({ id, number }) => ({
      ...{ id, number, state: 'succeeded', outcome: { value: null } },
    })),
  );
  const [together] = you.heard.slice(-1);
  expect(together?.getChildText('body')?.split('\n')).toEqual(
    entries.slice(4).map(({ number }) => `Done lifting #${number}`),
  );
  for (const job of jobs) await dispatcher.letGo(job);
  expect(active.warnings).toEqual([]);
});

it('shows progress as one message, corrected (XEP-0308) and not to be kept (XEP-0334)', async () => {
  const [dispatcher, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  const entry = await dispatcher.accept();
  // The notifier may see the progress before the job, and passes over it then.
  await vi.waitFor(async () => {
    await lifter.progress(entry.id, 1);
    expect(you.about(entry.id, 'progress').length).toBeGreaterThan(1);
  }, patience);
  const [first, second] = you.about(entry.id, 'progress');
  expect(first?.getChild('no-store', 'urn:xmpp:hints')).toBeDefined();
  expect(second?.getChild('replace', 'urn:xmpp:message-correct:0')?.attrs['id']).toBe(
    first?.attrs['id'],
  );
  await lifter.succeed(entry);
  await vi.waitFor(() => expect(dispatcher.told()).toEqual([entry.id]), patience);
  await dispatcher.letGo(entry.id);
});

it('tells what still stands when it starts, and reaches who comes later by offline storage', async () => {
  await stopNotifiers();
  const [dispatcher, lifter] = [await playDispatcher(), await playLifter()];
  const entry = await dispatcher.accept();
  await lifter.succeed(entry);
  await startNotifier();
  await vi.waitFor(() => expect(dispatcher.told()).toEqual([entry.id]), patience);
  const you = await listen();
  await vi.waitFor(() => expect(you.about(entry.id, 'succeeded')).toHaveLength(1), patience);
  await dispatcher.letGo(entry.id);
});

it('reports again, and does not tell again, when a new dispatcher leads', async () => {
  const [first, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  const entry = await first.accept();
  await lifter.succeed(entry);
  await vi.waitFor(() => expect(first.told()).toEqual([entry.id]), patience);
  const second = await playDispatcher();
  const other = await second.accept();
  await vi.waitFor(() => expect(second.told()).toContain(entry.id), patience);
  expect(you.about(entry.id, 'succeeded')).toHaveLength(1);
  await second.letGo(entry.id);
  await second.letGo(other.id);
});

it('is followed by the standby in the middle of its work: everybody is told, under one id', async () => {
  const [dispatcher, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  await startNotifier();
  const entries: JobEntry[] = [];
  for (let n = 0; n < 40; n += 1) entries.push(await dispatcher.accept());
  for (const [n, entry] of entries.entries()) {
    await lifter.succeed(entry);
    if (n === 20) void active.cut();
  }
  await vi.waitFor(() => {
    for (const { id } of entries) expect(dispatcher.told()).toContain(id);
  }, patience);
  for (const { id } of entries) {
    await vi.waitFor(() => {
      const ids = you.about(id, 'succeeded').map(({ attrs }) => String(attrs['id']));
      expect(new Set(ids)).toEqual(new Set([`told-${id}`]));
    }, patience);
    await dispatcher.letGo(id);
  }
});

it('tells once more, under the same id, what a server may have taken with it that was killed', async () => {
  const [dispatcher, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  // What provisioning made has to have reached the disk.
  await sleep(3_000);
  const entry = await dispatcher.accept();
  await lifter.succeed(entry);
  await vi.waitFor(() => expect(you.about(entry.id, 'succeeded')).toHaveLength(1), patience);
  await vi.waitFor(() => expect(dispatcher.told()).toEqual([entry.id]), patience);
  const back = new Promise<void>((resolve) => void you.session.on('online', () => resolve()));
  await server.kill();
  await server.restart();
  await back;
  await you.session.send(xml('presence'));
  await vi.waitFor(() => expect(you.about(entry.id, 'succeeded')).toHaveLength(2), patience);
  const ids = you.about(entry.id, 'succeeded').map(({ attrs }) => attrs['id']);
  expect(ids).toEqual([`told-${entry.id}`, `told-${entry.id}`]);
}, 120_000);

it('forwards chat that reaches its voice to whoever is active (XEP-0297)', async () => {
  const [dispatcher, lifter, you] = [await playDispatcher(), await playLifter(), await listen()];
  const entry = await dispatcher.accept();
  await lifter.succeed(entry);
  const [message] = await vi.waitFor(() => {
    expect(you.about(entry.id, 'succeeded')).toHaveLength(1);
    return you.about(entry.id, 'succeeded');
  }, patience);
  const active = await login(provisioned.accounts.bot);
  const inner = new Promise<Element | undefined>((resolve) => {
    active.on('stanza', (stanza) => {
      const unwrapped = unwrapForwarded(stanza, provisioned.accounts.bot.jid);
      if (unwrapped !== undefined) resolve(unwrapped);
    });
  });
  await active.sendConfirmed(xml('presence', {}, xml('priority', {}, '1')));
  const said = { to: String(message?.attrs['from']), type: 'chat', id: 'm2' };
  await you.session.send(xml('message', said, xml('body', {}, 'lift'), xml('thread', {}, 't')));
  const forwarded = await inner;
  expect(forwarded?.attrs).toMatchObject({ from: 'you@localhost/client', id: 'm2', type: 'chat' });
  expect(forwarded?.getChildText('body')).toBe('lift');
  expect(forwarded?.getChildText('thread')).toBe('t');
  expect(forwarded?.getChild('delay', 'urn:xmpp:delay')).toBeDefined();
  // Others' word for it is not taken.
  expect(forwarded && unwrapForwarded(forwarded, provisioned.accounts.bot.jid)).toBeUndefined();
  await dispatcher.letGo(entry.id);
});
