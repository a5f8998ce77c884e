import type { Instant, JobEntry } from '../domain/job.js';

/** Times of an entry, as they are to be written anew. */
export type OwnTimes = Partial<
  Pick<JobEntry, 'notBefore' | 'deadline' | 'asOf' | 'cancelRequested' | 'state'>
>;

/** The longest pause after a failed attempt, or after a job was handed back. */
const longestPauseMs = 300_000;

/**
 * The times of an entry that another leader wrote, for a leader whose clock is behind that one's: what the entry says had happened has
 * happened by now, and what was to come is to come as much later as it was to come then. Without that, jobs would wait for as long as the
 * other clock was ahead. Of a clock that was behind, an entry shows nothing.
 *
 * @returns undefined if nothing in it is of a time to come that had passed when it was written
 */
export function inOwnTime(entry: JobEntry, now: Instant): OwnTimes | undefined {
  const times = { ...waitsInOwnTime(entry, now), ...pastInOwnTime(entry, now) };
  return Object.keys(times).length === 0 ? undefined : times;
}

function waitsInOwnTime(entry: JobEntry, now: Instant): OwnTimes {
  const { notBefore, deadline } = entry;
  const aheadMs = Math.max(0, writtenAt(entry) - now);
  const start = startInOwnTime(entry, now, aheadMs);
  const isSame = aheadMs === 0 && start === notBefore;
  if (isSame || (notBefore === undefined && deadline === undefined)) return {};
  return {
    asOf: now,
    ...(start !== undefined && { notBefore: start }),
    ...(deadline !== undefined && { deadline: deadline - aheadMs }),
  };
}

/** A pause is never longer than pauses are, whatever the clocks. */
function startInOwnTime({ notBefore, failures }: JobEntry, now: Instant, aheadMs: number) {
  if (notBefore === undefined) return undefined;
  const start = notBefore - aheadMs;
  return failures.length > 0 ? Math.min(start, now + longestPauseMs) : start;
}

/** By the clock that its start and its deadline go by. Entries of older dispatchers do not say it. */
function writtenAt({ asOf, submitted, state, cancelRequested }: JobEntry): Instant {
  const since = state.type === 'assigned' ? state.since : submitted;
  return asOf ?? Math.max(submitted, since, cancelRequested?.at ?? submitted);
}

function pastInOwnTime({ state, cancelRequested }: JobEntry, now: Instant): OwnTimes {
  return {
    ...(state.type === 'assigned' && state.since > now && { state: { ...state, since: now } }),
    ...(cancelRequested !== undefined &&
      cancelRequested.at > now && { cancelRequested: { ...cancelRequested, at: now } }),
  };
}
