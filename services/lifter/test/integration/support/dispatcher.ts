import { randomUUID } from 'node:crypto';
import {
  type AttemptReport,
  type EntryChange,
  eventsCodec,
  handlersCodec,
  type JobEntry,
  type JobEvent,
  type JobResult,
  LIFTER_NAMESPACE,
  type LifterAnnouncement,
  lifterCodec,
  type NewJob,
  openLedger,
  type Progress,
  resultsCodec,
  runningQueryCodec,
  sheetCodec,
} from '@heavylift/jobs';
import type { Provisioned } from '@heavylift/provision';
import { connectPubSub, createSession, type Item, type Session } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { eventually } from './eventually.js';

export interface Announced extends LifterAnnouncement {
  readonly from: string;
}

/** The dispatcher's side of the protocol, played by the test as the account `bot`. */
export type Dispatcher = Awaited<ReturnType<typeof startDispatcher>>;

export interface JobOptions {
  readonly lifter: string;
  readonly args?: NewJob['args'];
  readonly kind?: string;
  readonly timeoutMs?: number;
  readonly maxAttempts?: number;
}

export async function startDispatcher(provisioned: Provisioned, epoch: number) {
  const { service, domain, tls, pubsubJid, nodes, accounts } = provisioned;
  const { username, password } = accounts.bot;
  const plaintext = { allowPlaintextOnLoopback: tls.allowPlaintextOnLoopback === true };
  const session = createSession({ service, domain, username, password, tls: plaintext });
  await session.start();
  const pubsub = connectPubSub(session, { jid: pubsubJid });
  const jobs = pubsub.node(nodes.jobs, sheetCodec);
  const resultsNode = pubsub.node(nodes.results, resultsCodec);
  const handlers = pubsub.node(nodes.handlers, handlersCodec);

  const announced: Announced[] = [];
  const gone: string[] = [];
  const results: Item<JobResult>[] = [];
  const events: JobEvent[] = [];

  session.on('stanza', (stanza) => {
    if (!stanza.is('presence')) return;
    const from = String(stanza.attrs['from']);
    if (stanza.attrs['type'] === 'unavailable') gone.push(from);
    const lifter = stanza.getChild('lifter', LIFTER_NAMESPACE);
    if (lifter) announced.push({ from, ...lifterCodec.decode(lifter) });
  });
  resultsNode.on((event) => {
    if (event.type !== 'published') return;
    for (const item of event.items) {
      for (const value of item.value) results.push({ ...item, value });
    }
  });
  pubsub.node(nodes.events, eventsCodec).on((event) => {
    if (event.type === 'published') events.push(...event.items.flatMap(({ value }) => value));
  });
  await session.send(xml('presence'));

  const sheets = (await jobs.items()).filter(({ publisher }) => publisher?.local === username);
  const ledger = openLedger({
    epoch,
    items: sheets.map(({ id, value }) => ({ id, sheet: value })),
  });

  /** Writes what changed; the next sheet is due only when the last one is confirmed. */
  async function flush(): Promise<void> {
    for (let next = ledger.nextFlush(); next; next = ledger.nextFlush()) {
      await jobs.publish(next.sheet, { id: next.id });
      ledger.confirmed(next.id);
    }
  }

  // The first sheet says that an epoch has begun.
  await flush();

  return {
    session,
    jobs,
    handlers,
    announced,
    gone,
    results,
    events,

    /** Assigns a new job of `lift`. */
    async assign(options: JobOptions): Promise<JobEntry> {
      const entry = ledger.add(newJob(options));
      await flush();
      return entry;
    },
    async change(job: JobEntry, change: EntryChange): Promise<JobEntry> {
      const entry = ledger.change(job.id, change);
      await flush();
      return entry;
    },
    resultsOf: (job: JobEntry) => results.filter(({ value }) => value.job === job.id),
    reportsOf: (job: JobEntry): AttemptReport[] =>
      events.filter((event) => event.type === 'attempt').filter((event) => event.job === job.id),
    progressOf: (job: JobEntry): Progress[] =>
      events.filter((event) => event.type === 'progress').filter((event) => event.job === job.id),
    resultOf: (job: JobEntry): Promise<Item<JobResult>> =>
      eventually(`the result of job ${job.number}`, () =>
        results.find(({ value }) => value.job === job.id),
      ),
    /** The latest that the lifters said of themselves. */
    lifterNamed: (name: string): Promise<Announced> =>
      eventually(`${name} announces itself`, () =>
        announced.findLast(({ from }) => from.includes(`/${name}.`) && !gone.includes(from)),
      ),
    async ask(lifter: string, as: Session = session): Promise<LifterAnnouncement> {
      const payload = runningQueryCodec.encode({});
      const answer = await as.request({ type: 'get', to: lifter, payload });
      if (!answer) throw new Error('an empty answer');
      return lifterCodec.decode(answer);
    },
    stop: () => session.stop(),
  };
}

export function newJob(options: JobOptions): NewJob {
  const { lifter, args = {}, kind = 'lift', timeoutMs = 60_000, maxAttempts = 3 } = options;
  return {
    id: randomUUID().replace(/(?<=^.{14})./, '7'),
    kind,
    args,
    requester: { jid: 'you@localhost/home', messageType: 'chat' },
    submitted: Date.now(),
    timeoutMs,
    priority: 0,
    attempt: 1,
    maxAttempts,
    stalls: 0,
    target: { type: 'any' },
    failures: [],
    state: { type: 'assigned', lifter, since: Date.now() },
  };
}
