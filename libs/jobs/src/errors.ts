/** Every way in which this library can fail. Each code has a paragraph in `docs/errors.md`. */
export type JobsErrorCode =
  /** A payload is not what the protocol says: the message names the element, the value and what was expected. */
  | 'malformed-payload'
  /** A job with this id stands in the ledger already. */
  | 'duplicate-job'
  /** No job with this id stands in the ledger. */
  | 'unknown-job'
  /** An entry would take more bytes than a sheet may hold. */
  | 'entry-too-large'
  /** The epoch to open with is not above every epoch in the node: someone else has led since. */
  | 'stale-epoch'
  /** An option or argument has a value that makes no sense. */
  | 'invalid-option';

/** The one error class of this library. */
export class JobsError extends Error {
  override readonly name = 'JobsError';
  readonly code: JobsErrorCode;

  constructor(code: JobsErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** True for a {@link JobsError}, of this or another copy of the library, with one of the codes (any, if none given). */
export function isJobsError(error: unknown, ...codes: JobsErrorCode[]): error is JobsError {
  if (!(error instanceof Error) || error.name !== 'JobsError' || !('code' in error)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}
