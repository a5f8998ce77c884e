import type { Instant, JobEntry } from '../domain/job.js';
import type { RunningJob } from '../domain/lifter.js';

/** What the dispatcher knows of a lifter's process. */
export interface LifterReport {
  /** Full JID. */
  readonly jid: string;
  /** What it said last that it runs, and when; undefined if it has said nothing yet. */
  readonly announced?: { readonly at: Instant; readonly running: readonly RunningJob[] };
  /** Since when it is unavailable; undefined while it is there. */
  readonly goneSince?: Instant;
  /** Nobody has said that it is unavailable: it has only not been heard of, by a dispatcher that has just taken over. */
  readonly isSilent?: boolean;
}

export interface ReconcileOptions {
  readonly now: Instant;
  /** How long a lifter may be gone before its jobs count as stalled, in milliseconds. */
  readonly graceMs: number;
  /** The same for one that is only silent: it may be slow. @default `graceMs` */
  readonly silenceMs?: number;
  /** How long an assignment may be on its way before it counts as lost, in milliseconds. */
  readonly settleMs: number;
  /**
   * Since when lifters can have said that they are there: this dispatcher's first sheet stood in the node then. A lifter it has never heard
   * of counts as gone since then.
   */
  readonly leadingSince: Instant;
}

export interface Reconciliation {
  /** Assigned to a lifter that is there and does not run them: their event was lost, so write them anew. */
  readonly republish: readonly JobEntry[];
  /** Assigned to a lifter that is gone for good: one more stall each. */
  readonly stalled: readonly JobEntry[];
}

/** Whether something that has been gone since then is gone for good. */
export function graceOver(goneSince: Instant, now: Instant, graceMs: number): boolean {
  return now - goneSince >= graceMs;
}

/**
 * Compares what the ledger says with what lifters say they run. What one runs that is not its own is for itself to end, by the ledger
 * as it sees it.
 *
 * @param entries open jobs without a result; pending ones are passed over
 * @param lifters every process that is there, or was there and has jobs
 */
export function reconcile(
  entries: Iterable<JobEntry>,
  lifters: Iterable<LifterReport>,
  options: ReconcileOptions,
): Reconciliation {
  const reports = new Map([...lifters].map((lifter) => [lifter.jid, lifter]));
  const republish: JobEntry[] = [];
  const stalled: JobEntry[] = [];

  for (const entry of entries) {
    const { state } = entry;
    if (state.type === 'pending') continue;
    const found = comparedWith(reports.get(state.lifter), entry, state.since, options);
    if (found === 'lost') republish.push(entry);
    if (found === 'stalled') stalled.push(entry);
  }
  return { republish, stalled };
}

function comparedWith(
  report: LifterReport | undefined,
  { id, attempt }: JobEntry,
  since: Instant,
  { now, graceMs, silenceMs = graceMs, settleMs, leadingSince }: ReconcileOptions,
): 'fine' | 'lost' | 'stalled' {
  if (report === undefined) return graceOver(leadingSince, now, graceMs) ? 'stalled' : 'fine';
  if (report.goneSince !== undefined) {
    const patienceMs = report.isSilent === true ? silenceMs : graceMs;
    return graceOver(report.goneSince, now, patienceMs) ? 'stalled' : 'fine';
  }
  const { announced } = report;
  // What it said before, or just after, the job was given to it proves nothing.
  if (announced === undefined || announced.at < since + settleMs) return 'fine';
  const runs = announced.running.some((job) => job.id === id && job.attempt === attempt);
  return runs ? 'fine' : 'lost';
}
