import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EjabberdServer } from '@heavylift/ejabberd';
import { connectJobs, type Jobs } from '@heavylift/job-client';
import { type JobResult, resultsCodec } from '@heavylift/jobs';
import { type Provisioned, provision } from '@heavylift/provision';
import {
  type Crew,
  createRequester,
  fillNodes,
  now,
  type Requester,
  startCrew,
} from '@heavylift/testbed';
import {
  connectPubSub,
  createSession,
  type Item,
  type PubSubService,
  type Session,
  type SessionOptions,
} from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import type { ChaosOptions } from './args.js';
import { createRecorder, type Observation, type Recorder } from './history.js';
import { parseExecution } from './parse.js';
import { noteMessages } from './program.js';
import { type ClusterSite, type Site, startSingle } from './site.js';

/** A whole system, made to be broken, and all that is seen of it. */
export interface World {
  readonly server: EjabberdServer;
  /** What `server` is a node of. */
  readonly cluster?: ClusterSite;
  readonly crew: Crew;
  readonly recorder: Recorder;
  readonly requester: Requester;
  /** Another account, as a program uses it. */
  readonly program: Jobs;
  /** Numbers of accepted jobs by their requests. */
  readonly numbers: ReadonlyMap<string, number>;
  /** The PubSub service as its administrator sees it. */
  readonly pubsub: PubSubService;
  readonly nodes: Provisioned['nodes'];
  readonly accounts: Provisioned['accounts'];
  /** File that says how far the clocks of services are off; read by them at SIGUSR2. */
  readonly clockFile: string;
  /** Puts accounts and nodes right. */
  provision(): Promise<Provisioned>;
  /** All that happened so far, executions included. */
  history(): Promise<readonly Observation[]>;
  stop(): Promise<void>;
}

export interface WorldOptions
  extends Pick<ChaosOptions, 'dispatchers' | 'notifiers' | 'lifters' | 'slots'> {
  /** Gets history and logs. */
  readonly dir: string;
  /** @param dir the same folder. @default a private child process */
  readonly startSite?: (dir: string) => Promise<Site>;
  /** Fills every node to its limits before the services start. @default they are empty */
  readonly nodes?: 'full';
}

const tls = { allowPlaintextOnLoopback: true };
/** One user asks for as much as a whole company. */
const openToAll = {
  DISPATCHER_MESSAGES_PER_SECOND: '100000',
  DISPATCHER_MAX_BACKLOG_PER_REQUESTER: '100000',
  DISPATCHER_MAX_BACKLOG: '100000',
  DISPATCHER_MAX_BACKLOG_PER_REQUESTER_MIB: '30',
  DISPATCHER_MAX_BACKLOG_MIB: '30',
};
const ownFile = (file: string): string =>
  new URL(`./dist/${file}`, import.meta.resolve('@heavylift/chaos/package.json')).href;

export async function createWorld(options: WorldOptions): Promise<World> {
  const { dir, dispatchers, notifiers, lifters, slots, startSite = () => startSingle() } = options;
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const executions = join(dir, 'executions.jsonl');
  const clockFile = join(dir, 'clock');
  const recorder = createRecorder(join(dir, 'history.jsonl'));
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const { server, cluster, stop: stopSite } = await startSite(dir);
    ends.push(stopSite);
    const { service, domain, pubsub: pubsubJid, admin } = server;
    const serviceOf = (name: string) => cluster?.serviceOf(name) ?? service;
    let passwords: Record<string, string> = {};
    const provisionNow = async () => {
      const provisioned = await provision({
        service,
        domain,
        admin,
        pubsubJid,
        tls,
        lifters,
        extraUsers: [
          { username: 'user', administrator: true },
          { username: 'program' },
          { username: 'reader' },
        ],
        readers: [`program@${domain}`, `reader@${domain}`],
        passwords,
      });
      const { bot, notifier, lifters: pool, users } = provisioned.accounts;
      passwords = Object.fromEntries(
        [bot, notifier, ...pool, ...users].map(({ username, password }) => [username, password]),
      );
      return provisioned;
    };
    const provisioned = await provisionNow();
    if (options.nodes === 'full') await fillNodes(provisioned);
    const { accounts, nodes } = provisioned;
    const account = (username: string, password = passwords[username] ?? ''): SessionOptions => ({
      service: serviceOf(username),
      domain,
      username,
      password,
      tls,
    });
    const logIn = (...who: Parameters<typeof account>): Session => {
      const session = createSession(account(...who));
      ends.push(() => session.stop());
      return session;
    };

    const administrator = logIn(admin.username, admin.password);
    await administrator.start();
    await watchResults(logIn('reader'), pubsubJid, nodes.results, recorder);

    const numbers = new Map<string, number>();
    const requester = createRequester({
      session: account('user'),
      bot: accounts.bot.jid,
      onAnswered({ request, job, text }) {
        if (request !== undefined && job !== undefined) numbers.set(request, job.number);
        recorder.note({
          type: 'answered',
          at: now(),
          text,
          ...(request === undefined ? {} : { request }),
          ...(job === undefined ? {} : { job: job.id }),
        });
      },
      onTold: ({ id: message, request, job: { id: job, state } }) =>
        recorder.note({
          type: 'told',
          at: now(),
          job,
          state,
          ...(message === undefined ? {} : { message }),
          ...(request === undefined ? {} : { request }),
        }),
      onReturned: (request) =>
        recorder.note({ type: 'answered', at: now(), request, text: 'returned' }),
    });
    ends.push(() => requester.stop());
    await requester.session.start();
    const program = await connectJobs({
      session: account('program'),
      bot: accounts.bot.jid,
      pubsubJid,
    });
    ends.push(program.close);
    noteMessages(program, recorder);

    const crew = await startCrew({
      provisioned,
      dispatchers,
      notifiers,
      lifters,
      slots,
      logs: dir,
      lines: cluster === undefined,
      imports: [ownFile('clock-shift.js')],
      env: (role, name) => ({
        ...(cluster === undefined ? {} : { XMPP_SERVICE: cluster.serviceOf(name) }),
        CHAOS_EXECUTIONS: executions,
        CHAOS_CLOCK: clockFile,
        ...(role === 'dispatcher' ? openToAll : {}),
        ...(role === 'lifter'
          ? { LIFTER_HANDLERS: new URL(ownFile('handlers.js')).pathname, LIFTER_DRAIN_SECONDS: '8' }
          : {}),
      }),
      onStarted: (name, pid) => recorder.note({ type: 'process', at: now(), name, pid }),
      onEnded: (name, pid, ended) =>
        recorder.note({ type: 'process', at: now(), name, pid, ended }),
    });
    ends.push(() => crew.stop());

    return {
      server,
      ...(cluster === undefined ? {} : { cluster }),
      crew,
      recorder,
      requester,
      program,
      numbers,
      pubsub: connectPubSub(administrator, { jid: pubsubJid }),
      nodes,
      accounts,
      clockFile,
      provision: provisionNow,
      history: async () => [...recorder.observations, ...(await readExecutions(executions))],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Subscribes to the results, and notes each, those too that came while we were away. */
async function watchResults(
  session: Session,
  pubsubJid: string,
  name: string,
  { note }: Recorder,
): Promise<void> {
  const seen = new Set<string>();
  const node = connectPubSub(session, { jid: pubsubJid }).node(name, resultsCodec);
  await session.start();
  await node.subscribe();
  const take = (items: readonly Item<readonly JobResult[]>[]): void => {
    for (const { id: item, value } of items) {
      for (const { job, status, attempt } of value) {
        // The id of an item comes again, with other results in it.
        if (seen.has(`${item} ${job}`)) continue;
        seen.add(`${item} ${job}`);
        note({ type: 'result', at: now(), job, status, attempt, item });
      }
    }
  };
  const announce = () => session.send(xml('presence')).catch(() => undefined);
  session.on('online', ({ resumed }) => {
    if (!resumed) void announce();
  });
  await announce();
  node.replicate({
    reset: take,
    event(event) {
      if (event.type === 'published') take(event.items);
    },
  });
}

async function readExecutions(file: string): Promise<Observation[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => parseExecution(line) ?? []);
}
