import type { JobError, Json } from '@heavylift/jobs';
import type { Isolation } from '../handlers/define.js';
import { describeCrash } from './crash.js';
import type { HandlersProcess } from './environment.js';
import { createExecutors } from './executors.js';
import type { Control, Orders } from './host-process.js';
import type { FromHandler, OutputStream, Task, TaskReturn } from './protocol.js';

/** One run of a handler for a job. */
export interface Attempt extends Task {
  readonly isolation: Isolation;
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
  readonly onMessage: (message: FromHandler) => void;
  /** It has been told to end, and goes on after the grace time: it is ended then, unless it is `inline`. */
  readonly onOverdue?: () => void;
}

export interface Runner {
  /** Runs one attempt, and resolves when it has ended. Never rejects: whatever goes wrong is its outcome, and touches no other attempt. */
  run(attempt: Attempt, options: AttemptOptions): Promise<Outcome>;
  /** Ends everything, whatever it is doing. */
  stop(): Promise<void>;
}

export interface RunnerOptions extends HandlersProcess {
  /** Attempts at once, at most. */
  readonly slots: number;
  /** Time a handler has to end once told to, in milliseconds; then it is ended. */
  readonly graceMs: number;
  /** A line that no attempt can be held to have written. */
  readonly onOutput: (line: string, stream: OutputStream) => void;
  /** Attempts that shared a process with one that brought it down, and start over. */
  readonly onRestarted: (task: Task) => void;
  /** A process of handlers that has had nothing to do for so long is ended, and started again for the next attempt, in milliseconds. @default never */
  readonly idleMs?: number;
  /** Where the programs of this folder are, as JavaScript. @default beside this one */
  readonly programs?: URL;
}

/** The longest time a timer takes. */
const maxTimerMs = 2 ** 31 - 1;

export function createRunner(options: RunnerOptions): Runner {
  const { programs = new URL('./', import.meta.url) } = options;
  const executors = createExecutors({ ...options, programs });

  return {
    async run({ timeoutMs, isolation, ...task }, { signal, onMessage, onOverdue }) {
      const ending = endInTwoSteps(options.graceMs, onOverdue);
      const cancel = () => ending.end({ type: 'aborted' }, String(signal.reason));
      const timeout = setTimeout(
        () => ending.end(timedOut(timeoutMs), 'it is out of time'),
        Math.min(timeoutMs, maxTimerMs),
      );
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      let isOver = false;
      const tell = (message: FromHandler) => {
        if (!isOver) onMessage(message);
      };
      try {
        const returned = await executors.run(isolation, task, { ...ending.control, tell });
        return ending.outcome ?? outcomeOf(returned);
      } catch (error) {
        return ending.outcome ?? crashed(describeCrash(error, task));
      } finally {
        isOver = true;
        signal.removeEventListener('abort', cancel);
        clearTimeout(timeout);
        ending.close();
      }
    },
    stop: executors.stop,
  };
}

/**
 * Asks first, kills after the grace time. What the handler returns or throws in between no longer counts:
 * the outcome is the one it was ended with.
 */
function endInTwoSteps(graceMs: number, onOverdue?: () => void) {
  let outcome: Outcome | undefined;
  let asked: string | undefined;
  let isKilled = false;
  let obedient: Orders | undefined;
  let timer: NodeJS.Timeout | undefined;
  const kill = () => {
    isKilled = true;
    onOverdue?.();
    obedient?.kill();
  };
  const control: Omit<Control, 'tell'> = {
    isAsked: () => asked !== undefined,
    obey(orders) {
      obedient = orders;
      if (asked !== undefined) orders.ask(asked);
      if (isKilled) orders.kill();
      return () => {
        if (obedient === orders) obedient = undefined;
      };
    },
  };
  return {
    control,
    get outcome() {
      return outcome;
    },
    end(as: Outcome, reason: string) {
      if (outcome) return;
      outcome = as;
      asked = reason;
      obedient?.ask(reason);
      timer = setTimeout(kill, graceMs);
    },
    close: () => clearTimeout(timer),
  };
}

function outcomeOf(returned: TaskReturn): Outcome {
  switch (returned.type) {
    case 'returned':
      return { type: 'succeeded', value: returned.value };
    case 'threw':
      return crashed(returned.error);
    case 'released':
      return returned;
  }
}

function crashed(error: JobError): Outcome {
  return { type: 'failed', reason: 'failed', error };
}

function timedOut(timeoutMs: number): Outcome {
  const message = `the attempt took longer than ${timeoutMs / 1000} s`;
  return { type: 'failed', reason: 'timeout', error: { class: 'TimeoutError', message } };
}
