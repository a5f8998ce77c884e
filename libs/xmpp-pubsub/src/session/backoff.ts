/** Waits between attempts: exponential, bounded, with full jitter, so that many clients of a restarted server do not come back at once. */
export function createBackoff(
  { initialMs, maxMs }: { readonly initialMs: number; readonly maxMs: number },
  random: () => number = Math.random,
) {
  let failures = 0;
  const bound = () => Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30));
  return {
    /** The next wait in milliseconds. `upMs`: how long the connection that just broke had been good for. */
    next(upMs: number): number {
      // Only a connection that outlived the wait before it was a success: a server that lets us in and throws us out is not to be hammered.
      if (upMs > bound()) failures = 0;
      const wait = Math.round(random() * bound());
      failures += 1;
      return wait;
    },
  };
}
