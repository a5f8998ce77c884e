import type { Jobs } from '@heavylift/job-client';

export interface Store {
  /** The position kept last. */
  readonly position: string | undefined;
  /** Keeps both or neither, as a transaction of a database does. */
  save(count: number, position: string): void;
}

/** Counts jobs that failed, each exactly once, over breaks and restarts. */
export async function countFailures(jobs: Jobs, store: Store, signal: AbortSignal): Promise<void> {
  const since = store.position;
  for await (const result of jobs.results({ signal, ...(since === undefined ? {} : { since }) }))
    store.save(result.status === 'failed' ? 1 : 0, result.position);
}
