import type { Json } from '@heavylift/jobs';
import { createProgress } from './progress.js';
import type { AcceptedJob, JobHandle } from './types.js';

/** A handle, and what makes it come true. The first outcome counts. */
export interface OpenHandle {
  readonly handle: JobHandle;
  readonly isSettled: boolean;
  accept(job: AcceptedJob): void;
  say(text: string): void;
  succeed(value: Json): void;
  fail(error: unknown): void;
}

export function createHandle(
  submission: string,
  cancel: (job: AcceptedJob) => Promise<void>,
): OpenHandle {
  const outcome = deferred<Json>();
  const accepted = deferred<AcceptedJob>();
  const progress = createProgress();
  const unknown: { id: string | undefined; number: number | undefined } = {
    id: undefined,
    number: undefined,
  };
  const handle = Object.assign(outcome.promise, unknown, {
    submission,
    accepted: accepted.promise,
    progress: progress.texts,
    cancel: async () => cancel(await accepted.promise),
  });
  let isSettled = false;

  function settle(act: () => void): void {
    if (isSettled) return;
    isSettled = true;
    act();
    progress.end();
  }

  return {
    handle,
    get isSettled() {
      return isSettled;
    },
    accept(job) {
      handle.id = job.id;
      handle.number = job.number;
      accepted.resolve(job);
    },
    say: progress.say,
    succeed: (value) => settle(() => outcome.resolve(value)),
    fail: (error) =>
      settle(() => {
        accepted.reject(error);
        outcome.reject(error);
      }),
  };
}

function deferred<T>() {
  let settle: { resolve(value: T): void; reject(error: unknown): void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Nobody need wait for it.
  promise.catch(() => undefined);
  return { promise, ...settle };
}
