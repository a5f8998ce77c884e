/** What a handler is given beside its arguments. */
export interface HandlerContext {
  readonly job: JobInfo;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /**
   * Aborts when the attempt is to end: cancelled, out of time, or no longer this lifter's. A handler that has not ended
   * within the grace time is terminated with its thread or process; an `inline` one is waited for.
   */
  readonly signal: AbortSignal;
  readonly log: HandlerLog;
  /** Says how far the work has come. Call it as often as you like: only the latest is passed on, a few times a second. */
  progress(done: number, total: number, note?: string): void;
}

export interface JobInfo {
  /** A UUIDv7, the same in every attempt: a key for work that must not be done twice. */
  readonly id: string;
  /** The number that people see. */
  readonly number: number;
  /** W3C Trace Context of the request: hand it on, as the header `traceparent`, to whatever the work calls. */
  readonly traceparent?: string;
}

/**
 * Takes whatever there is to log, such as an error: its message, code, causes and stack are told. Details are an object. What cannot
 * be told as JSON is told as text; logging never throws.
 */
export interface HandlerLog {
  debug(message: unknown, details?: unknown): void;
  info(message: unknown, details?: unknown): void;
  warn(message: unknown, details?: unknown): void;
  error(message: unknown, details?: unknown): void;
}

export type LogLevel = keyof HandlerLog;
/** Told as JSON would; errors by their name, message and stack. */
export type LogDetails = Readonly<Record<string, unknown>>;
