import type { JsonObject } from '@heavylift/jobs';
import type { Isolation } from '../../src/handlers/define.js';
import type { FromHandler, Task } from '../../src/runner/protocol.js';
import { createRunner, type Outcome, type Runner } from '../../src/runner/runner.js';
import { built } from './build.js';

export interface AttemptGiven {
  readonly args?: JsonObject;
  readonly timeoutMs?: number;
  readonly isolation?: Isolation;
  readonly signal?: AbortSignal;
}

/** A runner of the handlers of one module, with all that it says. */
export interface Attempts {
  readonly runner: Runner;
  /** What was held to be no attempt's. */
  readonly strayLines: readonly string[];
  /** Attempts that started over, by their handlers. */
  readonly restarted: readonly string[];
  run(handler: string, given?: AttemptGiven): Running;
}

export interface Running {
  readonly outcome: Promise<Outcome>;
  readonly messages: readonly FromHandler[];
  /** Resolves when the handler has said something. */
  readonly speaks: Promise<void>;
  abort(): void;
}

export function attemptsOf(moduleUrl: string, graceMs = 300): Attempts {
  const strayLines: string[] = [];
  const restarted: string[] = [];
  const runner = createRunner({
    slots: 4,
    graceMs,
    onOutput: (line) => strayLines.push(line),
    onRestarted: ({ handler }: Task) => restarted.push(handler),
    programs: built('runner/'),
  });
  let number = 0;
  return {
    runner,
    strayLines,
    restarted,
    run(handler, { args = {}, timeoutMs = 60_000, isolation = 'thread' } = {}) {
      number += 1;
      const controller = new AbortController();
      const messages: FromHandler[] = [];
      let resolve = (): void => undefined;
      const speaks = new Promise<void>((done) => {
        resolve = done;
      });
      const outcome = runner.run(
        {
          job: { id: `job-${number}`, number },
          attempt: 1,
          handler,
          isolation,
          work: { type: 'module', moduleUrl, memoryLimit: 64 },
          args,
          timeoutMs,
        },
        {
          signal: controller.signal,
          onMessage(message) {
            messages.push(message);
            resolve();
          },
        },
      );
      return { outcome, messages, speaks, abort: () => controller.abort('cancelled') };
    },
  };
}
