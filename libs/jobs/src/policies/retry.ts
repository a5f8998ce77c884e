import type { JobEntry, JobError } from '../domain/job.js';

/** The wait before attempt n + 1 is about `initialMs` × 2^(n - 1), and never above `maxMs`. */
export interface RetryBackoff {
  /** @default 1_000 */
  readonly initialMs?: number;
  /** @default 300_000 */
  readonly maxMs?: number;
}

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly because: 'final' | 'attempts-used' };

/** Attempts that count against the maximum: those that ended under a living lifter, and the present one. */
export function attemptsUsed({ attempt, stalls }: Pick<JobEntry, 'attempt' | 'stalls'>): number {
  return attempt - stalls;
}

/**
 * What becomes of a job whose present attempt failed. Lifter and dispatcher decide alike: the lifter publishes the terminal result if
 * there is no retry, and reports the attempt if there is one.
 *
 * @param random from 0 up to, not including, 1: half of the wait is left to it, so that jobs that failed together are not tried together
 */
export function retryDecision(
  entry: Pick<JobEntry, 'attempt' | 'stalls' | 'maxAttempts'>,
  error: Pick<JobError, 'final'>,
  random: number,
  { initialMs = 1_000, maxMs = 300_000 }: RetryBackoff = {},
): RetryDecision {
  if (error.final === true) return { retry: false, because: 'final' };
  const used = attemptsUsed(entry);
  if (used >= entry.maxAttempts) return { retry: false, because: 'attempts-used' };
  const bound = Math.min(maxMs, initialMs * 2 ** (used - 1));
  return { retry: true, delayMs: Math.round(bound / 2 + (bound / 2) * random) };
}

/**
 * Whether a job whose lifter vanished is given to another; a job that seems to kill its lifters is not, after a while.
 *
 * @param maxStalls how many it may have had, this one included, to be given on
 */
export function isGivenOnAfterStall(entry: Pick<JobEntry, 'stalls'>, maxStalls = 5): boolean {
  return entry.stalls + 1 <= maxStalls;
}

/** An error message in a ledger entry or result is cut here, so that a job's history fits its sheet. */
export const MAX_ERROR_MESSAGE = 1_000;

/** What was thrown, in the form and size that goes into the ledger. */
export function jobErrorOf(thrown: unknown, final?: boolean): JobError {
  const error =
    thrown instanceof Error
      ? { class: thrown.name, message: thrown.message }
      : { class: typeof thrown, message: String(thrown) };
  return {
    class: clip(error.class, 100),
    message: clip(error.message, MAX_ERROR_MESSAGE),
    ...(final === undefined ? {} : { final }),
  };
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
