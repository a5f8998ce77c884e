import type { Instant, JobId } from '../domain/job.js';
import { JobsError } from '../errors.js';

/**
 * A UUIDv7 (RFC 9562 section 5.7).
 *
 * @param random 10 bytes or more, from a cryptographic source or hash, so that no two jobs have them in common by chance
 * @throws JobsError `invalid-option`
 */
export function makeJobId(now: Instant, random: Uint8Array): JobId {
  if (random.length < 10) {
    throw new JobsError(
      'invalid-option',
      `10 random bytes are needed, ${random.length} were given`,
    );
  }
  const time = Math.trunc(now).toString(16).padStart(12, '0');
  const hex = Array.from(random.subarray(0, 10), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
  const variant = (8 + (Number.parseInt(hex.charAt(3), 16) & 3)).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${hex.slice(0, 3)}`,
    `${variant}${hex.slice(4, 7)}`,
    hex.slice(7, 19),
  ].join('-');
}

/** What of a job's id does not depend on when it was made: the same if it was made with the same bytes. */
export const requestPart = (job: JobId): string => job.slice(15);

/** The first six of those bytes: they stand for the message that asked, and the rest for what it asked. */
export const messagePart = (job: JobId): string => job.slice(15, 29);

/** When the id was made. */
export const madeAt = (job: JobId): Instant =>
  Number.parseInt(job.slice(0, 8) + job.slice(9, 13), 16);

/**
 * The ids of the messages a job brings, always the same for the same job: whoever sends one again, sends it under the same id, so that
 * clients can tell, and progress can be corrected (XEP-0308) by another process than the one that sent it.
 */
export const messageIds = {
  scheduled: (job: JobId): string => `scheduled-${job}`,
  progress: (job: JobId): string => `progress-${job}`,
  told: (job: JobId): string => `told-${job}`,
} as const;
