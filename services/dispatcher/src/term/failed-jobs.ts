import type { FailedJob, JobId, JobResult } from '@heavylift/jobs';
import { createOutbox } from '@heavylift/service';
import { hasCondition, type Item, type PubSubNode } from '@heavylift/xmpp-pubsub';
import { LRUCache } from 'lru-cache';
import type { JobView } from '../desk.js';
import { createFailedIndex, type FailedBounds } from './failed-index.js';

const mostMarks = 1_000;

/** Keeps jobs that failed for good, for who wants to look at one, or have it run again. */
export interface FailedJobs {
  add(job: FailedJob): void;
  /** Whether it was added and does not stand in the node yet. */
  isOnItsWay(job: JobId): boolean;
  find(number: number): Promise<FailedJob | undefined>;
  /** As many as the node keeps, newest first, each as far as a list shows it. The node is read once. */
  all(): Promise<readonly FailedJob[]>;
  /** Reads the node, so that the first who asks need not wait, and what is too much for the node goes. */
  load(): Promise<void>;
  /** Notes that it has had its second chance. */
  retried(job: FailedJob, as: number): Promise<void>;
  resume(): void;
  close(): void;
}

export interface FailedJobsPorts {
  readonly node: Pick<PubSubNode<FailedJob>, 'publish' | 'retract' | 'items' | 'pages'>;
  readonly bounds?: FailedBounds;
  /** Lets through what was published by an account that may. */
  readonly trusted: (items: readonly Item<FailedJob>[]) => readonly Item<FailedJob>[];
  readonly isOpen: () => boolean;
  /** To be awaited before every write. */
  readonly certify: () => Promise<void>;
  /** To be awaited after it, before anybody relies on it. */
  readonly confirm: () => Promise<void>;
  /** Of the term. */
  readonly epoch: number;
  readonly onStored: (job: JobId) => void;
  readonly onRetry: (error: unknown, retryInMs: number) => void;
}

export function createFailedJobs(ports: FailedJobsPorts): FailedJobs {
  const { node, trusted, isOpen, certify, confirm, epoch, onStored, onRetry } = ports;
  /** Marks of this term. An earlier leader, of which it is not known that its time is over, may put an item back as it was before. */
  const marks = new LRUCache<number, number>({ max: mostMarks });
  const onTheirWay = new Set<JobId>();
  const index = createFailedIndex(ports.bounds);
  let loading: Promise<void> | undefined;
  const outbox = createOutbox<FailedJob>({
    isOpen,
    async publish(_itemId, jobs) {
      await certify();
      // By number, so that it is found by what people type, and stored once however often.
      for (const job of jobs) {
        const id = String(job.entry.number);
        // The term before may have stored it, and it may have been retried since.
        if ((await node.items({ ids: [id] })).length === 0)
          await node.publish({ ...job, epoch }, { id });
        await confirm();
        index.put(job);
        onTheirWay.delete(job.entry.id);
        onStored(job.entry.id);
      }
      await makeRoom();
    },
    sizeOf: () => 1,
    maxEntries: 16,
    onRetry: (error, _jobs, retryInMs) => onRetry(error, retryInMs),
  });
  /** Once a term: from then on the index knows what is added. */
  function load(): Promise<void> {
    loading ??= readNode().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  }

  async function readNode(): Promise<void> {
    for await (const items of node.pages())
      for (const { value } of trusted(items)) index.found(asMarked(value));
    await makeRoom();
  }

  /** The oldest go, so that the node stays within its bounds. */
  async function makeRoom(): Promise<void> {
    for (const number of index.takeExcess()) {
      await certify();
      try {
        await node.retract(String(number), { notify: false });
      } catch (error) {
        // Whatever is left is found by the next term.
        if (!hasCondition(error, 'item-not-found')) onRetry(error, 0);
      }
    }
  }

  function asMarked(job: FailedJob): FailedJob {
    const as = job.epoch === epoch ? undefined : marks.get(job.entry.number);
    return as === undefined ? job : { ...job, retriedAs: as };
  }

  return {
    add(job) {
      onTheirWay.add(job.entry.id);
      outbox.add(job);
    },
    isOnItsWay: (job) => onTheirWay.has(job),
    async find(number) {
      const found = trusted(await node.items({ ids: [String(number)] }));
      return found.map(({ value }) => asMarked(value)).find(({ entry }) => entry.number === number);
    },
    async all() {
      await load();
      return index.all();
    },
    load,
    async retried(job, as) {
      await certify();
      marks.set(job.entry.number, as);
      const marked = { ...job, retriedAs: as, epoch };
      await node.publish(marked, { id: String(job.entry.number) });
      index.put(marked);
    },
    resume: () => outbox.resume(),
    close: () => void outbox.close(),
  };
}

/** The job as people ask about it. */
export function viewOfFailed({ entry, error, finished, retriedAs }: FailedJob): JobView {
  const { id: job, number, kind, attempt, submitted, failures, state } = entry;
  const given = state.type === 'assigned' ? state.since : submitted;
  const result: JobResult = {
    ...{ job, number, kind, attempt, submitted, failures },
    ...(state.type === 'assigned' && { lifter: state.lifter }),
    ...{ finished: finished ?? given, status: 'failed', error },
  };
  return { entry, result, ...(retriedAs !== undefined && { retriedAs }) };
}
