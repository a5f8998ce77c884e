/** Resolves after so many milliseconds. Rejects with the signal's reason. */
export function pause(ms: number, given: AbortSignal): Promise<void> {
  const signal = ownSignal(given);
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** The same signal, with listeners of its own: one that hundreds listen to is warned about as a leak. */
export function ownSignal(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal]);
}

/** Lets so many do something at a time, in the order in which they came. */
export function createGate(most: number) {
  let inside = 0;
  let waiting: (() => void)[] = [];

  return {
    async pass<T>(act: () => Promise<T>): Promise<T> {
      if (inside < most) inside += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await act();
      } finally {
        const [next, ...rest] = waiting;
        waiting = rest;
        if (next === undefined) inside -= 1;
        else next();
      }
    },
  };
}
