import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import {
  createLedgerReplica,
  decodeJobMark,
  eventsCodec,
  handlersCodec,
  type JobEntry,
  lifterCodec,
  resultsCodec,
  sheetCodec,
} from '@heavylift/jobs';
import { type Provisioned, provision } from '@heavylift/provision';
import { createLogger, type Lifecycle } from '@heavylift/service';
import { connectPubSub, createSession, type Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createDispatcher } from '../../src/dispatcher.js';

type Account = Provisioned['accounts']['bot'];

let server: EjabberdServer;
let provisioned: Provisioned;
let sessions: Session[] = [];
let dispatcher: Lifecycle | undefined;
let shutdowns: string[] = [];

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
  await dispatcher?.stop();
  await Promise.all(sessions.map((session) => session.stop()));
  sessions = [];
  dispatcher = undefined;
});

async function login({ username, password }: Account, resource: string): Promise<Session> {
  const session = createSession({
    service: server.service,
    domain: server.domain,
    username,
    password,
    resource,
    tls: { allowPlaintextOnLoopback: true },
    streamManagement: false,
  });
  sessions.push(session);
  await session.start();
  return session;
}

const pubsubOf = (session: Session) => connectPubSub(session, { jid: server.pubsub });

async function startDispatcher(resource = 'dispatcher.1'): Promise<Session> {
  const { accounts, administrators, nodePrefix } = provisioned;
  const session = await login(accounts.bot, resource);
  shutdowns = [];
  dispatcher = createDispatcher({
    session,
    pubsub: pubsubOf(session),
    nodePrefix,
    lifters: accounts.lifters.map(({ jid }) => jid),
    notifier: accounts.notifier.jid,
    admins: administrators,
    graceMs: 1_000,
    limits: { openJobs: 100, openJobsOfRequester: 50, schedulesOfRequester: 3 },
    timeZone: 'UTC',
    missedRuns: 'skip',
    version: '1.2.3',
    messageMaxAgeMs: 3_600_000,
    messagesPerSecond: 100,
    shutdown: (reason) => shutdowns.push(reason),
    log: createLogger({ name: 'dispatcher', level: 'silent' }),
  });
  await dispatcher.start(new AbortController().signal);
  return session;
}

/** Plays a lifter: sees the ledger, and says what the test has it say. */
async function playLifter(index: number, resource = 'a') {
  const account = provisioned.accounts.lifters[index];
  if (account === undefined) throw new Error(`no lifter ${index}`);
  const session = await login(account, resource);
  await session.send(xml('presence'));
  const pubsub = pubsubOf(session);
  const { nodes, accounts } = provisioned;
  await pubsub.node(nodes.handlers, handlersCodec).publish(
    [
      {
        name: 'lift',
        title: 'heavy job',
        summary: 'Lifts.',
        fields: [{ name: 'count', type: 'integer', required: false, default: 30 }],
        timeoutMs: 60_000,
        maxAttempts: 3,
        texts: {},
      },
    ],
    { id: account.username },
  );
  const ledger = createLedgerReplica();
  const sheets = (items: readonly { id: string; value: ReturnType<typeof sheetCodec.decode> }[]) =>
    items.map(({ id, value }) => ({ id, sheet: value }));
  await pubsub.node(nodes.jobs, sheetCodec).replicate({
    reset: (items) => ledger.reset(sheets(items)),
    event: (event) => event.type === 'published' && ledger.published(sheets(event.items)),
  }).ready;
  const jid = String(session.jid);
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
            handlers: ['lift'],
            running: [],
          }),
        ),
      ),
    given: () =>
      [...ledger.entries()].filter(
        ({ state }) => state.type === 'assigned' && state.lifter === jid,
      ),
    open: () => [...ledger.entries()],
    succeed: ({ id, number, kind, attempt, submitted }: JobEntry) =>
      pubsub.node(nodes.results, resultsCodec).publish([
        {
          job: id,
          number,
          kind,
          attempt,
          lifter: jid,
          submitted,
          finished: Date.now(),
          failures: [],
          status: 'succeeded',
          value: null,
        },
      ]),
  };
}

/** A person with a chat client. */
async function chat(username: string) {
  const account = provisioned.accounts.users.find((user) => user.username === username);
  if (account === undefined) throw new Error(`no user ${username}`);
  const session = await login(account, 'client');
  const heard: Element[] = [];
  session.on('stanza', (stanza) => {
    if (stanza.is('message')) heard.push(stanza);
  });
  await session.send(xml('presence'));
  let said = 0;
  return {
    heard,
    /** Says it, and waits for the answer to it. */
    async say(text: string): Promise<Element> {
      const id = `m${++said}`;
      const to = provisioned.accounts.bot.jid;
      await session.send(xml('message', { to, type: 'chat', id }, xml('body', {}, text)));
      return vi.waitFor(() => {
        const answer = heard.find(
          (stanza) => stanza.getChild('reply', 'urn:xmpp:reply:0')?.attrs['id'] === id,
        );
        if (answer === undefined) throw new Error(`no answer to "${text}"`);
        return answer;
      }, patience);
    },
  };
}

const patience = { timeout: 20_000, interval: 20 };
const bodyOf = (stanza: Element) => stanza.getChildText('body');

async function tell(job: string): Promise<void> {
  const session = await login(provisioned.accounts.notifier, 'notifier.1');
  await pubsubOf(session)
    .node(provisioned.nodes.events, eventsCodec)
    .publish([{ type: 'told', job, at: Date.now() }]);
}

beforeEach(async () => {
  await startDispatcher();
});

it('a command becomes a job in the ledger, assigned to a lifter that announced itself', async () => {
  const lifter = await playLifter(0);
  await lifter.announce();
  const you = await chat('you');
  await vi.waitFor(async () => {
    expect(bodyOf(await you.say('help'))).toContain('lift [count=30]: Lifts.');
  }, patience);
  const answer = await you.say('lift 5');
  const mark = decodeJobMark(answer);
  expect(bodyOf(answer)).toBe(`Scheduled heavy job... #${mark?.number}`);
  const [entry] = await vi.waitFor(() => {
    expect(lifter.given()).toHaveLength(1);
    return lifter.given();
  }, patience);
  expect(entry).toMatchObject({ id: mark?.id, kind: 'lift', args: { count: 5 }, attempt: 1 });
  expect(entry?.requester.jid).toBe('you@localhost/client');

  if (entry !== undefined) await lifter.succeed(entry);
  await tell(entry?.id ?? '');
  await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
});

it('a job waits for a lifter, and says so; it goes on under the next dispatcher', async () => {
  const known = await playLifter(0);
  const you = await chat('you');
  await vi.waitFor(async () => expect(bodyOf(await you.say('help'))).toContain('lift'), patience);
  const answer = await you.say('lift');
  expect(bodyOf(answer)).toContain('it waits for a lifter that knows "lift"');
  const job = decodeJobMark(answer)?.id ?? '';

  await dispatcher?.stop();
  await sessions[0]?.stop();
  await startDispatcher('dispatcher.2');
  await known.announce();
  await vi.waitFor(() => expect(known.given().map(({ id }) => id)).toEqual([job]), patience);
  await tell(job);
  await vi.waitFor(() => expect(known.open()).toEqual([]), patience);
});

it('a lifter whose session ends loses its job to another after the grace time', async () => {
  const [one, two] = [await playLifter(0, 'gone'), await playLifter(1)];
  await one.announce();
  const you = await chat('you');
  await vi.waitFor(async () => expect(bodyOf(await you.say('help'))).toContain('lift'), patience);
  const job = decodeJobMark(await you.say('lift'))?.id ?? '';
  await vi.waitFor(() => expect(one.given()).toHaveLength(1), patience);
  await two.announce();
  await one.session.stop();
  await vi.waitFor(() => {
    expect(two.given()).toMatchObject([{ id: job, attempt: 2, stalls: 1 }]);
  }, patience);
  await tell(job);
  await vi.waitFor(() => expect(two.open()).toEqual([]), patience);
});

it('what is not from an account that may is not acted upon', async () => {
  const lifter = await playLifter(0);
  const ada = await chat('ada');
  const adasPresence = sessions.at(-1);
  const announcement = lifterCodec.encode({
    version: '1',
    slots: 9,
    busy: 0,
    draining: false,
    handlers: ['lift'],
    running: [],
  });
  await adasPresence?.send(xml('presence', { to: provisioned.accounts.bot.jid }, announcement));
  await vi.waitFor(async () => expect(bodyOf(await ada.say('help'))).toContain('lift'), patience);
  const answer = await ada.say('lift');
  expect(bodyOf(answer)).toContain('it waits');
  const job = decodeJobMark(answer)?.id ?? '';
  // Only the notifier's word counts.
  await pubsubOf(lifter.session)
    .node(provisioned.nodes.events, eventsCodec)
    .publish([{ type: 'told', job, at: Date.now() }]);
  expect(bodyOf(await ada.say('dance'))).toBe('Dunno how to dance');
  expect(lifter.open().map(({ id }) => id)).toContain(job);
  await tell(job);
  await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
});

it('only an administrator stops it', async () => {
  const [you, ada] = [await chat('you'), await chat('ada')];
  expect(bodyOf(await ada.say('exit'))).toBe('Only an administrator may exit.');
  expect(shutdowns).toEqual([]);
  expect(bodyOf(await you.say('exit'))).toBe('Bye.');
  await vi.waitFor(() => expect(shutdowns).toEqual(['you@localhost said exit']), patience);
});

it('an answer is never given to an error or to a message without text (RFC 6121 section 8.5)', async () => {
  const you = await chat('you');
  const session = sessions.at(-1);
  const to = provisioned.accounts.bot.jid;
  await session?.send(xml('message', { to, type: 'error' }, xml('body', {}, 'lift')));
  await session?.send(xml('message', { to, type: 'chat' }));
  await you.say('dance');
  expect(you.heard).toHaveLength(1);
});
