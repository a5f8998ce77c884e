/** A handler that does nothing, in the lifter's own event loop: what is left is what the system itself costs. */
const noop = {
  name: 'noop',
  title: 'nothing',
  summary: 'does nothing',
  done: 'Done',
  fields: {},
  timeout: 60_000,
  maxAttempts: 3,
  isolation: 'inline',
  memoryLimit: 128,
  run: async (): Promise<null> => null,
};

/** One that waits until it is told to end, and so keeps a slot. */
const hold = {
  ...noop,
  name: 'hold',
  title: 'wait',
  summary: 'takes a slot for so many milliseconds',
  fields: { ms: { type: 'integer', default: 1_000, min: 0, max: 3_600_000 } },
  timeout: 3_600_000,
  run: ({ ms }: { readonly ms: number }, { signal }: { readonly signal: AbortSignal }) =>
    new Promise<null>((resolve, reject) => {
      const timer = setTimeout(() => resolve(null), ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};

export default [noop, hold];
