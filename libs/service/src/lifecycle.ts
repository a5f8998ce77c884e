import type { Logger } from 'pino';
import { messageOf, ServiceError } from './errors.js';

/** A part of a service that runs: a session, a replica, a worker pool. */
export interface Lifecycle {
  readonly name: string;
  /**
   * Resolves when the part does its work.
   * @param signal ends the start; whatever was begun is then undone by `stop()`
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Ends the part and all that it began: timers, sockets, listeners. Called once for each part whose `start()` was called, even if that
   * failed or is still under way.
   */
  stop(): Promise<void>;
  /** Time to start, in milliseconds; `Infinity` to wait for ever. @default 30_000 */
  readonly startTimeoutMs?: number;
  /** Time to stop, in milliseconds. @default 10_000 */
  readonly stopTimeoutMs?: number;
}

export interface StartOptions {
  readonly log: Logger;
  /** Ends the start; what had started is stopped again. */
  readonly signal: AbortSignal;
}

/**
 * Stops everything that was started, in reverse order. A part that fails or takes too long does not keep the others from being stopped.
 * Further calls give the same promise.
 * @throws ServiceError `stop-failed`
 */
export type Stop = () => Promise<void>;

/**
 * Starts parts one after the other. If one fails, those before it are stopped again, the last first.
 * @throws ServiceError `start-failed` with the part's own error as cause, or `start-timed-out` or `start-aborted`
 */
export async function startInOrder(
  parts: readonly Lifecycle[],
  { log, signal }: StartOptions,
): Promise<Stop> {
  const begun: Lifecycle[] = [];
  for (const part of parts) {
    try {
      if (signal.aborted) throw aborted(part);
      begun.push(part);
      await startPart(part, signal);
    } catch (error) {
      await stopInReverse(begun, log).catch((stopError: unknown) => {
        log.error({ err: stopError }, 'not everything could be stopped after the failed start');
      });
      throw error;
    }
    log.debug({ part: part.name }, 'part started');
  }
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= stopInReverse(begun, log);
    return stopped;
  };
}

async function startPart(part: Lifecycle, signal: AbortSignal): Promise<void> {
  const { startTimeoutMs = 30_000 } = part;
  const timeout = new AbortController();
  const timer = Number.isFinite(startTimeoutMs)
    ? setTimeout(() => timeout.abort(), startTimeoutMs)
    : undefined;
  const either = AbortSignal.any([signal, timeout.signal]);
  try {
    await orAborted(part.start(either), either);
  } catch (cause) {
    if (timeout.signal.aborted) {
      const message = `${part.name} did not start within ${startTimeoutMs} ms`;
      throw new ServiceError('start-timed-out', message);
    }
    if (signal.aborted) throw aborted(part);
    const message = `${part.name} could not be started: ${messageOf(cause)}`;
    throw new ServiceError('start-failed', message, { cause });
  } finally {
    clearTimeout(timer);
  }
}

function aborted(part: Lifecycle): ServiceError {
  return new ServiceError('start-aborted', `told to stop before ${part.name} had started`);
}

/** Waits no longer than until the signal; what the work says after that is only the echo of the abort. */
function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function stopInReverse(parts: readonly Lifecycle[], log: Logger): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts.toReversed()) {
    try {
      await stopPart(part);
      log.debug({ part: part.name }, 'part stopped');
    } catch (error) {
      log.error({ err: error, part: part.name }, 'part could not be stopped');
      failures.push(error);
    }
  }
  if (failures.length === 0) return;
  const cause = failures.length === 1 ? failures[0] : new AggregateError(failures);
  throw new ServiceError('stop-failed', failures.map(messageOf).join('; '), { cause });
}

async function stopPart(part: Lifecycle): Promise<void> {
  const { stopTimeoutMs = 10_000 } = part;
  const timeout = new AbortController();
  const message = `${part.name} did not stop within ${stopTimeoutMs} ms`;
  const timer = setTimeout(
    () => timeout.abort(new ServiceError('stop-failed', message)),
    stopTimeoutMs,
  );
  try {
    await orAborted(part.stop(), timeout.signal);
  } finally {
    clearTimeout(timer);
  }
}
