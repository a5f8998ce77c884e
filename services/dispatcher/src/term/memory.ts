import {
  type JobEntry,
  type JobId,
  JobsError,
  type Ledger,
  openLedger,
  type Remembered,
  recall,
  type SheetItem,
} from '@heavylift/jobs';
import { LRUCache } from 'lru-cache';
import { createHistory, type History } from '../scheduler/history.js';
import { createRoster, type Roster, type RosterLog } from '../scheduler/roster.js';

/** What this process remembers from one term to the next. */
export interface Memory {
  /** Of its last term; undefined if there was none. */
  ledger: Remembered | undefined;
  /** Of any sheet it has seen. */
  highestEpoch: number;
  readonly history: History;
  readonly roster: Roster;
}

/** Lifters that come and go are told to the log. */
export function createMemory(log: RosterLog): Memory {
  const roster = createRoster(log, Date.now);
  return { ledger: undefined, highestEpoch: 0, history: createHistory(), roster };
}

/** The jobs let go last, up to a bound. */
export interface GoneJobs {
  ids(): ReadonlySet<JobId>;
  add(id: JobId): void;
}

export function createGoneJobs(before: Iterable<JobId> = [], most = 10_000): GoneJobs {
  const jobs = new LRUCache<JobId, true>({ max: most });
  const add = (id: JobId) => void jobs.set(id, true);
  for (const id of before) add(id);
  return {
    // Oldest first, as they are to be put in again.
    ids: () => new Set(jobs.rkeys()),
    add,
  };
}

export interface OpenedLedger {
  readonly ledger: Ledger;
  /** What this process had in hand when its last term ended stands, or will be written again. */
  readonly isContinued: boolean;
  /** How many jobs the service had lost, or not yet confirmed. */
  readonly recalled: number;
  /** Jobs that the service holds as they are. */
  readonly standing: readonly JobEntry[];
}

/**
 * Opens the ledger as the node holds it, and makes good what is known to be missing.
 * @throws JobsError `stale-epoch`
 */
export function openRemembered(
  epoch: number,
  items: readonly SheetItem[],
  remembered: Remembered | undefined,
): OpenedLedger {
  const lastNumber = remembered?.lastNumber ?? 0;
  const ledger = openLedger({ epoch, items, lastNumberAtLeast: lastNumber });
  const found = new Map([...ledger.entries()].map((entry) => [entry.id, entry]));
  const lost = remembered && recall(remembered, newestEpoch(items), found);
  if (lost === undefined)
    return { ledger, isContinued: false, recalled: 0, standing: [...found.values()] };
  for (const entry of lost.restore) {
    try {
      ledger.restore(entry);
    } catch (error) {
      // The node says that it has been let go: by the leader before, after we had read it and before we wrote anything.
      if (!(error instanceof JobsError && error.code === 'duplicate-job')) throw error;
    }
  }
  for (const entry of lost.update) ledger.renew(entry);
  for (const id of lost.remove) ledger.remove(id);
  const recalled = lost.restore.length + lost.update.length + lost.remove.length;
  const changed = new Set([...lost.update.map(({ id }) => id), ...lost.remove]);
  const standing = [...found.values()].filter(({ id }) => !changed.has(id));
  return { ledger, isContinued: true, recalled, standing };
}

/** The highest epoch that has left a sheet. */
export function newestEpoch(items: readonly SheetItem[]): number | undefined {
  const epochs = items.map(({ sheet }) => sheet.epoch);
  return epochs.length === 0 ? undefined : epochs.reduce((a, b) => Math.max(a, b));
}

export function isStaleEpoch(error: unknown): boolean {
  return error instanceof JobsError && error.code === 'stale-epoch';
}
