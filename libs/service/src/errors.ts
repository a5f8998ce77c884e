/** Every way in which this library can fail. Each code has a paragraph in `docs/errors.md`. */
export type ServiceErrorCode =
  /** Options are missing, wrong or unknown; see {@link ServiceError.problems}. */
  | 'bad-configuration'
  /** A part of the service could not be started. The others were stopped again. */
  | 'start-failed'
  /** A part did not start within the time it has. */
  | 'start-timed-out'
  /** The service was told to stop before it had started. */
  | 'start-aborted'
  /** Some parts could not be stopped, or not in time. The others were. */
  | 'stop-failed'
  /** The XMPP session ended for good: wrong credentials, a conflict, a TLS policy. */
  | 'session-ended'
  /** An office is over: another leads, the lock is gone, the connection broke, or it was given up. */
  | 'office-lost';

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /**
   * - `missing`: an option that must be given is not.
   * - `wrong`: its value is not what is expected.
   * - `unknown`: there is no option of that name.
   * - `unreadable`: a file, or a line of it, says nothing that can be understood.
   */
  readonly kind: 'missing' | 'wrong' | 'unknown' | 'unreadable';
  /** The option, or for `unreadable` the file, with the line if it is but one. */
  readonly name: string;
  /** `environment`, `default` or the path of the file; undefined if it was given nowhere. */
  readonly origin?: string;
  /** The value given; absent if none was, and if it is a secret or might be one. */
  readonly given?: string;
  /** What would be right, in words; of an unknown name the nearest known one, or nothing. */
  readonly expected: string;
}

/** The one error class of this library. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;
  /** Of `bad-configuration`: all that is wrong. Else empty. */
  readonly problems: readonly ConfigProblem[];

  constructor(
    code: ServiceErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly problems?: readonly ConfigProblem[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.problems = options.problems ?? [];
  }
}

/** True for a {@link ServiceError} with one of the codes (any, if none given). */
export function isServiceError(
  error: unknown,
  ...codes: ServiceErrorCode[]
): error is ServiceError {
  return error instanceof ServiceError && (codes.length === 0 || codes.includes(error.code));
}

/** What to say of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
