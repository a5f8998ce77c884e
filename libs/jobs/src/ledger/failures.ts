import type { Failure } from '../domain/job.js';

const KEPT = 2;
const MESSAGE_LENGTH = 60;

/** The last failures, with the beginning of what they say: a few hundred bytes, however many there were. */
export function briefly(failures: readonly Failure[]): readonly Failure[] {
  return failures.slice(-KEPT).map((failure) => ({
    ...failure,
    error: { ...failure.error, message: cut(failure.error.message) },
  }));
}

function cut(text: string): string {
  if (text.length <= MESSAGE_LENGTH) return text;
  // Never half of a surrogate pair.
  return `${text.slice(0, MESSAGE_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
