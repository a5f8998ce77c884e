/** How much memory the parts of a process need that are not the handlers' own, in MiB. */
const processMiB = 72;
const threadMiB = 24;

/** Least time between two looks, in milliseconds. */
export const memoryIntervalMs = 100;

/** The most that a process may take, in bytes, where handlers with these limits in MiB run. */
export function allowedBytes(limits: readonly number[]): number {
  const handlers = limits.reduce((sum, limit) => sum + limit + threadMiB, 0);
  return (processMiB + handlers) * 2 ** 20;
}
