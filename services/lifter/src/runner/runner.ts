import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { JobError, Json, JsonObject } from '@heavylift/jobs';
import { Piscina } from 'piscina';
import type { JobInfo } from '../handlers/context.js';
import { jobError } from './errors.js';
import type { FromThread, ThreadReturn, ThreadTask, ToThread } from './protocol.js';

/** One run of a handler for a job. */
export interface Attempt {
  readonly job: JobInfo;
  readonly attempt: number;
  readonly handler: string;
  readonly moduleUrl: string;
  readonly args: JsonObject;
  /** Milliseconds, after which the attempt has failed. */
  readonly timeoutMs: number;
}

/** How an attempt ended. */
export type Outcome =
  | { readonly type: 'succeeded'; readonly value: Json }
  | { readonly type: 'failed'; readonly reason: 'failed' | 'timeout'; readonly error: JobError }
  /** The handler gave the job back. */
  | { readonly type: 'released'; readonly reason: string }
  /** By the caller's signal. */
  | { readonly type: 'aborted' };

export interface AttemptOptions {
  /** Ends the attempt; the reason, a string, is what the handler is told. */
  readonly signal: AbortSignal;
  /** What the handler says while it runs; never called after the outcome. */
  readonly onMessage: (message: FromThread) => void;
}

export interface Runner {
  /** Runs one attempt off the event loop. Never rejects: whatever goes wrong is its outcome, and touches no other attempt. */
  run(attempt: Attempt, options: AttemptOptions): Promise<Outcome>;
  /** Terminates every thread, whatever it is doing. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  /** Attempts at once, at most: the number of threads. */
  readonly slots: number;
  /** Time a handler has to end once told to, in milliseconds; then its thread is terminated. */
  readonly graceMs: number;
  /** Told of a thread that died with nothing running in it. */
  readonly onStrayError: (error: unknown) => void;
  /** The module that runs in the threads, as JavaScript. @default this package's own */
  readonly threadUrl?: URL;
}

/** An unused thread is let go after this. */
const idleTimeoutMs = 60_000;
/** The longest time a timer takes. */
const maxTimerMs = 2 ** 31 - 1;

export function createRunner(options: RunnerOptions): Runner {
  const { slots, graceMs, onStrayError } = options;
  const threadUrl = options.threadUrl ?? new URL('./thread.js', import.meta.url);
  const pool = new Piscina<ThreadTask, ThreadReturn>({
    filename: fileURLToPath(threadUrl),
    minThreads: 1,
    maxThreads: slots,
    idleTimeout: idleTimeoutMs,
    recordTiming: false,
  });
  pool.on('error', onStrayError);

  return {
    async run({ timeoutMs, ...task }, { signal, onMessage }) {
      const { port1: port, port2 } = new MessageChannel();
      port.on('message', onMessage);
      const ending = endInTwoSteps(port, graceMs);
      const cancel = () => ending.end({ type: 'aborted' }, String(signal.reason));
      const timeout = setTimeout(
        () => ending.end(timedOut(timeoutMs), 'it is out of time'),
        Math.min(timeoutMs, maxTimerMs),
      );
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      try {
        const returned = await pool.run(
          { ...task, port: port2 },
          { transferList: [port2], signal: ending.killed },
        );
        return ending.outcome ?? outcomeOf(returned);
      } catch (error) {
        return ending.outcome ?? threadDied(error);
      } finally {
        signal.removeEventListener('abort', cancel);
        clearTimeout(timeout);
        ending.close();
        port.close();
      }
    },
    stop: () => pool.destroy(),
  };
}

/**
 * Asks first, terminates after the grace time. What the handler returns or throws in between no longer counts:
 * the outcome is the one it was ended with.
 */
function endInTwoSteps(port: MessagePort, graceMs: number) {
  const kill = new AbortController();
  let outcome: Outcome | undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    killed: kill.signal,
    get outcome() {
      return outcome;
    },
    end(as: Outcome, reason: string) {
      if (outcome) return;
      outcome = as;
      port.postMessage({ abort: reason } satisfies ToThread);
      timer = setTimeout(() => kill.abort(), graceMs);
    },
    close: () => clearTimeout(timer),
  };
}

function outcomeOf(returned: ThreadReturn): Outcome {
  switch (returned.type) {
    case 'returned':
      return { type: 'succeeded', value: returned.value };
    case 'threw':
      return { type: 'failed', reason: 'failed', error: returned.error };
    case 'released':
      return returned;
  }
}

function timedOut(timeoutMs: number): Outcome {
  const message = `the attempt took longer than ${timeoutMs / 1000} s`;
  return { type: 'failed', reason: 'timeout', error: { class: 'TimeoutError', message } };
}

/** An exit, an uncaught error or an unhandled rejection, or its memory limit: the thread is gone, its neighbours are not. */
function threadDied(thrown: unknown): Outcome {
  const cause = jobError(thrown);
  const message = `the handler's thread ended: ${cause.class}: ${cause.message}`;
  return { type: 'failed', reason: 'failed', error: { class: 'HandlerCrash', message } };
}
