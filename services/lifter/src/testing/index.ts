/** For tests of handlers, in any test runner: runs one as a lifter would, in the test's own thread. */
import type { HandlerContext, HandlerLog, LogDetails, LogLevel } from '../handlers/context.js';
import type { Handler } from '../handlers/define.js';
import { toJson } from '../runner/json.js';
import { plainLine } from '../runner/log-details.js';

/** What a handler said of how far it is. */
export interface ProgressStep {
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly details?: LogDetails;
}

export interface TestRunOptions {
  /** @default 1 */
  readonly attempt?: number;
  readonly job?: HandlerContext['job'];
  /** Milliseconds, after which the handler's signal aborts. @default the handler's own */
  readonly timeout?: number;
}

/** One run of a handler. */
export interface TestRun {
  /**
   * What the handler returned, as it would travel.
   * Rejects with what it threw, and with a `FinalError` for arguments that are wrong.
   */
  readonly result: Promise<unknown>;
  /** Every step, also those that a lifter would leave out. */
  readonly progress: readonly ProgressStep[];
  readonly log: readonly LoggedLine[];
  /** Cancels the job. */
  abort(): void;
}

/**
 * Runs a handler with these arguments, which are checked as a lifter checks them.
 *
 * ```ts
 * const run = testRun(greet, { whom: 'you' });
 * expect(await run.result).toBe('Hello, you!');
 * ```
 */
export function testRun(
  handler: Handler,
  args: object = {},
  options: TestRunOptions = {},
): TestRun {
  const { attempt = 1, timeout = handler.timeout } = options;
  const { job = { id: '019a0b6e-8f00-7a31-9c5e-3d2f10a4b7c8', number: 1 } } = options;
  const controller = new AbortController();
  const end = (reason: string) =>
    controller.abort(new DOMException(`the attempt is to end: ${reason}`, 'AbortError'));
  const progress: ProgressStep[] = [];
  const log: LoggedLine[] = [];
  const logAt =
    (level: LogLevel): HandlerLog[LogLevel] =>
    (message, details) => {
      log.push({ level, ...plainLine(message, details) });
    };
  const context: HandlerContext = {
    job,
    attempt,
    signal: controller.signal,
    log: {
      debug: logAt('debug'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    },
    progress(done, total, note) {
      progress.push({ done, total, ...(note !== undefined && { note }) });
    },
  };
  const timer = setTimeout(() => end('it is out of time'), Math.min(timeout, 2 ** 31 - 1));
  const result = handler
    .run(args, context)
    .then((value) => toJson(value))
    .finally(() => clearTimeout(timer));
  return { result, progress, log, abort: () => end('the job was cancelled') };
}
