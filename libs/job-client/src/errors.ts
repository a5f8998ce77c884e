/** Every way in which a job, or asking for it, can come to nothing. */
export type JobClientErrorCode =
  /** The job failed for good; {@link JobClientError.job} says how. */
  | 'failed'
  /** The job was cancelled. */
  | 'cancelled'
  /** The job was not done by its deadline. */
  | 'expired'
  /** The bot said no: to the command, its arguments, or who asks. {@link JobClientError.condition} says why. */
  | 'refused'
  /** The name of the submission stands for another job already: same name, other content. */
  | 'conflict'
  /** The job succeeded, but its value can be read no more. */
  | 'value-unknown'
  /** The job was accepted and is over, and nobody can say any more how it ended. */
  | 'outcome-unknown'
  /** The results of this system may not be read by this account. */
  | 'no-access'
  /** The caller's `AbortSignal` ended the waiting. Whether the job runs is another matter. */
  | 'aborted'
  /** The client was closed, or its session gave up. */
  | 'closed'
  /** An option has a value that makes no sense. */
  | 'invalid-option';

/** What a job came to, where it is the job that came to it. */
export interface FailedJob {
  readonly id: string;
  readonly number: number;
  /** What the handler threw: class and message. The class is not known of a job that the bot had to be asked about. */
  readonly error?: { readonly class?: string; readonly message: string };
}

interface Details {
  readonly cause?: unknown;
  readonly job?: FailedJob;
  readonly condition?: string;
}

/** The one error class of this library. */
export class JobClientError extends Error {
  override readonly name = 'JobClientError';
  readonly code: JobClientErrorCode;
  /** The job it is about, once it has been accepted. */
  readonly job: FailedJob | undefined;
  /** For `refused` and `conflict`: the stanza error's condition (RFC 6120 section 8.3.3), e.g. `forbidden` or `bad-request`. */
  readonly condition: string | undefined;

  constructor(code: JobClientErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.job = details.job;
    this.condition = details.condition;
  }
}

/** True for a {@link JobClientError}, of this or another copy of the library, with one of the codes (any, if none given). */
export function isJobClientError(
  error: unknown,
  ...codes: JobClientErrorCode[]
): error is JobClientError {
  if (!(error instanceof Error) || error.name !== 'JobClientError' || !('code' in error))
    return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}
