import type { JobId, Progress } from '@heavylift/jobs';
import { latest } from './latest.js';

/** Tells how far running jobs have come: the latest of each, and nothing that is stale. */
export interface ProgressReporter {
  report(progress: Progress): void;
  /** The attempt is over: nothing more is said of it. */
  forget(job: JobId): void;
  close(): void;
}

export interface ProgressOptions {
  /** Resolves when the service has it; says what has become of all jobs that moved. */
  readonly publish: (progress: readonly Progress[]) => Promise<void>;
  /** Least time between two publishes, in milliseconds. @default 500 */
  readonly intervalMs?: number;
  readonly onDropped?: (error: unknown) => void;
}

/** Entries an item holds, at most; the jobs beyond have their turn in the next one. */
const maxEntries = 64;

/** What could not be published is dropped; while the service is slow, later progress takes the place of earlier. */
export function createProgressReporter(options: ProgressOptions): ProgressReporter {
  const { publish, intervalMs = 500, onDropped } = options;
  const waiting = new Map<JobId, Progress>();
  let inFlight = false;

  const turns = latest<void>(intervalMs, () => {
    if (inFlight || waiting.size === 0) return;
    const batch = [...waiting.values()].slice(0, maxEntries);
    for (const { job } of batch) waiting.delete(job);
    inFlight = true;
    publish(batch)
      .catch((error: unknown) => onDropped?.(error))
      .finally(() => {
        inFlight = false;
        if (waiting.size > 0) turns.push();
      });
  });

  return {
    report(progress) {
      waiting.set(progress.job, progress);
      turns.push();
    },
    forget: (job) => waiting.delete(job),
    close: () => turns.close(),
  };
}
