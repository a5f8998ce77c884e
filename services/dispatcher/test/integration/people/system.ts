import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import {
  createLedgerReplica,
  type HandlerSpec,
  handlersCodec,
  type JobEntry,
  lifterCodec,
  resultsCodec,
  type SheetItem,
  sheetCodec,
} from '@heavylift/jobs';
import { type Provisioned, provision } from '@heavylift/provision';
import { createLogger, type Lifecycle } from '@heavylift/service';
import { connectPubSub, createSession, type Session } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { createDispatcher, type DispatcherOptions } from '../../../src/dispatcher.js';

const tls = { allowPlaintextOnLoopback: true };

/** Another domain of the same server: to the bot its users are other servers' users, but for the way their stanzas took. */
export const PARTNER = 'partner.example';

const lift: HandlerSpec = {
  name: 'lift',
  title: 'heavy job',
  summary: 'Lifts.',
  fields: [
    { name: 'count', type: 'integer', required: false, default: 30, range: { min: 1, max: 1000 } },
  ],
  timeoutMs: 60_000,
  maxAttempts: 3,
  texts: {},
};

/** A server, a dispatcher in this process, and a lifter that is played: it takes jobs, and ends them when the test says so. */
export async function startSystem() {
  const server: EjabberdServer = await startEjabberd({
    configure: (config) => ({ ...config, hosts: ['localhost', PARTNER] }),
  });
  const provisioned: Provisioned = await provision({
    service: server.service,
    domain: server.domain,
    admin: server.admin,
    tls,
    pubsubJid: server.pubsub,
    lifters: 1,
    extraUsers: [
      { username: 'you', administrator: true },
      { username: 'ada' },
      { username: 'mallory' },
    ],
  });
  await server.api('register', { user: 'pia', host: PARTNER, password: "pia's secret" });
  const { accounts, administrators, nodePrefix, nodes } = provisioned;
  const sessions: Session[] = [];
  const shutdowns: string[] = [];

  async function login(username: string, password: string, resource: string): Promise<Session> {
    const { service, domain } = server;
    const session = createSession({
      ...{ service, domain, username, password, resource, tls },
      streamManagement: false,
    });
    sessions.push(session);
    await session.start();
    return session;
  }

  async function startDispatcher(more: Partial<DispatcherOptions> = {}): Promise<Lifecycle> {
    const { username, password } = accounts.bot;
    const session = await login(username, password, `dispatcher.${sessions.length}`);
    const dispatcher = createDispatcher({
      session,
      pubsub: connectPubSub(session, { jid: server.pubsub }),
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
      messagesPerSecond: 1,
      shutdown: (reason) => shutdowns.push(reason),
      log: createLogger({ name: 'dispatcher', level: 'silent' }),
      ...more,
    });
    await dispatcher.start(new AbortController().signal);
    return {
      ...dispatcher,
      async stop() {
        await dispatcher.stop();
        await session.stop();
      },
    };
  }

  async function playLifter() {
    const [account] = accounts.lifters;
    if (account === undefined) throw new Error('no lifter was provisioned');
    const session = await login(account.username, account.password, 'a');
    await session.send(xml('presence'));
    const pubsub = connectPubSub(session, { jid: server.pubsub });
    await pubsub.node(nodes.handlers, handlersCodec).publish([lift], { id: account.jid });
    const ledger = createLedgerReplica();
    const sheets = (
      items: readonly { id: string; value: SheetItem['sheet'] }[],
    ): readonly SheetItem[] => items.map(({ id, value }) => ({ id, sheet: value }));
    await pubsub.node(nodes.jobs, sheetCodec).replicate({
      reset: (items) => ledger.reset(sheets(items)),
      event: (event) => event.type === 'published' && ledger.published(sheets(event.items)),
    }).ready;
    const announcement = lifterCodec.encode({
      ...{ version: '1', slots: 2, busy: 0, draining: false, handlers: ['lift'], running: [] },
    });
    return {
      session,
      announce: () => session.send(xml('presence', { to: accounts.bot.jid }, announcement)),
      job: (number: number) => [...ledger.entries()].find((entry) => entry.number === number),
      end: ({ id, number, kind, attempt, submitted }: JobEntry, status: 'failed' | 'cancelled') =>
        pubsub.node(nodes.results, resultsCodec).publish([
          {
            ...{ job: id, number, kind, attempt, submitted, finished: Date.now(), failures: [] },
            lifter: String(session.jid),
            ...(status === 'failed'
              ? { status, error: { class: 'Error', message: 'slipped' } }
              : { status }),
          },
        ]),
    };
  }

  return {
    server,
    bot: accounts.bot.jid,
    shutdowns,
    startDispatcher,
    playLifter,
    login,
    passwordOf(username: string): string {
      const found = accounts.users.find((user) => user.username === username);
      if (found === undefined) throw new Error(`no user ${username}`);
      return found.password;
    },
    async stop() {
      await Promise.all(sessions.map((session) => session.stop()));
      await server.stop();
    },
  };
}

export type System = Awaited<ReturnType<typeof startSystem>>;
