import type { FailedJob, JobEntry, JobError, JobId } from '@heavylift/jobs';
import { createOutbox } from '@heavylift/service';
import type { PubSubNode } from '@heavylift/xmpp-pubsub';

/** Keeps jobs that failed for good, for who wants to have one run again. */
export interface FailedJobs {
  add(entry: JobEntry, error: JobError): void;
  /** Whether it was added and does not stand in the node yet. */
  isOnItsWay(job: JobId): boolean;
  find(number: number): Promise<FailedJob | undefined>;
  forget(number: number): Promise<void>;
  resume(): void;
  close(): void;
}

export interface FailedJobsPorts {
  readonly node: Pick<PubSubNode<FailedJob>, 'publish' | 'items' | 'retract'>;
  readonly isOpen: () => boolean;
  /** To be awaited before every write. */
  readonly certify: () => Promise<void>;
  readonly onStored: (job: JobId) => void;
  readonly onRetry: (error: unknown, retryInMs: number) => void;
}

export function createFailedJobs(ports: FailedJobsPorts): FailedJobs {
  const { node, isOpen, certify, onStored, onRetry } = ports;
  const onTheirWay = new Set<JobId>();
  const outbox = createOutbox<FailedJob>({
    isOpen,
    async publish(_itemId, jobs) {
      await certify();
      // By number, so that it is found by what people type, and stored once however often.
      for (const job of jobs) {
        await node.publish(job, { id: String(job.entry.number) });
        onTheirWay.delete(job.entry.id);
        onStored(job.entry.id);
      }
    },
    sizeOf: () => 1,
    maxEntries: 16,
    onRetry: (error, _jobs, retryInMs) => onRetry(error, retryInMs),
  });
  return {
    add(entry, error) {
      onTheirWay.add(entry.id);
      outbox.add({ entry, error });
    },
    isOnItsWay: (job) => onTheirWay.has(job),
    async find(number) {
      const items = await node.items({ ids: [String(number)] });
      return items.map(({ value }) => value).find(({ entry }) => entry.number === number);
    },
    async forget(number) {
      await certify();
      await node.retract(String(number));
    },
    resume: () => outbox.resume(),
    close: () => void outbox.close(),
  };
}
