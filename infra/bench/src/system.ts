import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { sheetCodec } from '@heavylift/jobs';
import { type Provisioned, provision, type ServiceRole } from '@heavylift/provision';
import { type Crew, createRequester, now, type Requester, startCrew } from '@heavylift/testbed';
import { connectPubSub, createSession, type SessionOptions } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';

/** A job as the user sees it. Times as of `now()`; undefined: not yet. */
export interface Timeline {
  readonly text: string;
  readonly asked: number;
  answered?: number;
  told?: number;
  number?: number;
}

export interface System {
  readonly server: EjabberdServer;
  readonly provisioned: Provisioned;
  readonly crew: Crew;
  readonly requester: Requester;
  /** For a further session of the user's. */
  readonly asUser: SessionOptions;
  /** Jobs by request. */
  readonly jobs: ReadonlyMap<string, Timeline>;
  /** Asks for a job. Resolves when it is sent. */
  ask(text: string): Promise<void>;
  /** Requests that were accepted. Counted, for to look through all of them costs the more the more there are. */
  readonly answered: { readonly count: number };
  /** Requests so far that were answered without a job, and the last such answer. */
  readonly refused: { readonly count: number; readonly last: string };
  /** Called whenever a requester is told. */
  onTold: (job: Timeline) => void;
  /** Entries a sheet, of those published within so many milliseconds; NaN if there were none. */
  entriesASheet(ms: number): Promise<number>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly lifters: number;
  readonly slots: number;
  readonly profile?: string;
  /** Folder for the logs of the services. @default none are kept */
  readonly logs?: string;
}

const tls = { allowPlaintextOnLoopback: true };
const handlers = (): string =>
  new URL('./dist/handlers.js', import.meta.resolve('@heavylift/bench/package.json')).pathname;

const envOf: Readonly<Record<ServiceRole, Readonly<Record<string, string>>>> = {
  // One user asks for as much as a whole company.
  dispatcher: {
    DISPATCHER_MESSAGES_PER_SECOND: '100000',
    DISPATCHER_MAX_BACKLOG_PER_REQUESTER: '100000',
    DISPATCHER_MAX_BACKLOG: '100000',
    DISPATCHER_MAX_BACKLOG_PER_REQUESTER_MIB: '30',
    DISPATCHER_MAX_BACKLOG_MIB: '30',
  },
  notifier: {},
  lifter: { LIFTER_HANDLERS: handlers() },
};

/** Starts a server and one dispatcher, one notifier and the lifters, and waits until a job went through. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { lifters, slots, profile } = options;
  const logs = options.logs ?? (await mkdtemp(join(tmpdir(), 'heavylift-bench-')));
  await mkdir(logs, { recursive: true });
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  const server = await startEjabberd();
  const { service, domain, pubsub: pubsubJid, admin } = server;
  const provisioned = await provision({
    service,
    domain,
    admin,
    pubsubJid,
    tls,
    lifters,
    extraUsers: [{ username: 'user', administrator: true }],
  });
  const [user] = provisioned.accounts.users;
  const jobs = new Map<string, Timeline>();
  const refused = { count: 0, last: '' };
  const answered = { count: 0 };
  let onTold: System['onTold'] = () => undefined;
  const asUser = { service, domain, username: 'user', password: user?.password ?? '', tls };
  const requester = createRequester({
    session: asUser,
    bot: provisioned.accounts.bot.jid,
    onAnswered({ request, job, text }) {
      const timeline = jobs.get(request ?? '');
      if (timeline === undefined) return;
      if (job === undefined) {
        refused.count += 1;
        refused.last = text;
        return;
      }
      if (timeline.answered === undefined) answered.count += 1;
      timeline.answered = now();
      timeline.number = job.number;
    },
    onTold({ request }) {
      const timeline = jobs.get(request ?? '');
      if (timeline === undefined || timeline.told !== undefined) return;
      timeline.told = now();
      onTold(timeline);
    },
  });
  await requester.session.start();
  const administrator = createSession({ service, domain, ...admin, tls });
  await administrator.start();
  const ledger = connectPubSub(administrator, { jid: pubsubJid }).node(
    provisioned.nodes.jobs,
    sheetCodec,
  );
  const crew = await startCrew({
    provisioned,
    dispatchers: 1,
    notifiers: 1,
    lifters,
    slots,
    logs,
    env: (role) => envOf[role],
    ...(profile === undefined
      ? {}
      : { nodeArgs: (name) => ['--cpu-prof', `--cpu-prof-dir=${join(profile, name)}`] }),
  });
  let counter = 0;
  const system: System = {
    server,
    provisioned,
    crew,
    requester,
    asUser,
    jobs,
    async ask(text) {
      counter += 1;
      const request = `bench-${counter}-${process.pid}`;
      jobs.set(request, { text, asked: now() });
      await requester.ask(text, request);
    },
    refused,
    answered,
    async entriesASheet(ms) {
      const sizes: number[] = [];
      const unlisten = ledger.on((event) => {
        if (event.type !== 'published') return;
        for (const { value } of event.items) sizes.push(value.jobs.length);
      });
      await ledger.subscribe();
      await administrator.send(xml('presence'));
      await sleep(ms);
      await ledger.unsubscribe();
      unlisten();
      return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    },
    get onTold() {
      return onTold;
    },
    set onTold(listener) {
      onTold = listener;
    },
    async stop() {
      await crew.stop();
      await requester.stop();
      await administrator.stop();
      await server.stop();
      if (options.logs === undefined) await rm(logs, { recursive: true, force: true });
    },
  };
  await warmUp(system);
  return system;
}

/** Asks for jobs until one is done. */
async function warmUp(system: System): Promise<void> {
  const limit = now() + 90_000;
  const toldCount = () => [...system.jobs.values()].filter(({ told }) => told !== undefined).length;
  while (toldCount() === 0) {
    if (now() > limit) throw new Error(`No job was done within 90 s: ${system.refused.last}`);
    await system.ask('noop');
    await sleep(500);
  }
}
