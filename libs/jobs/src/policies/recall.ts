import type { JobEntry, JobId } from '../domain/job.js';

/** What a dispatcher that led before remembers of the ledger. */
export interface Remembered {
  readonly epoch: number;
  /** Open jobs as it last had them, whether the service had confirmed that or not. */
  readonly open: ReadonlyMap<JobId, JobEntry>;
  /** Jobs that it let go, the last so many. */
  readonly gone: ReadonlySet<JobId>;
  /** The highest job number given. */
  readonly lastNumber: number;
}

export interface Recall {
  /** Jobs that the node has not: to be taken in again, under their numbers. */
  readonly restore: readonly JobEntry[];
  /** Jobs of which the node has an earlier state: to be changed to this one. */
  readonly update: readonly JobEntry[];
  /** Jobs that the node still has: to be let go again. */
  readonly remove: readonly JobId[];
}

/**
 * What a dispatcher that comes back has to make good: a server that was killed may have lost what it confirmed last (ejabberd on Mnesia: up
 * to 2 s of it), and what was on its way when the connection broke was never confirmed.
 *
 * Only for a node in which nobody else has written since: another leader has gone by what the node held, and whoever writes now would
 * take that back. Then nothing is recalled.
 *
 * @param epoch of the newest sheet that the node holds
 */
export function recall(
  remembered: Remembered,
  epoch: number | undefined,
  found: ReadonlyMap<JobId, JobEntry>,
): Recall | undefined {
  if (epoch !== undefined && epoch > remembered.epoch) return undefined;
  const open = [...remembered.open.values()];
  return {
    restore: open.filter(({ id }) => !found.has(id)),
    update: open.filter(({ id, revision }) => (found.get(id)?.revision ?? revision) < revision),
    remove: [...found.keys()].filter((id) => remembered.gone.has(id)),
  };
}
