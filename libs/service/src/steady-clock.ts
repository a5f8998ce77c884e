/**
 * The time of day as it was when the clock was made, and going on from there by what really passes: a step of the machine's clock, by hand
 * or by NTP, moves nothing that was set by it.
 */
export function createSteadyClock(): () => number {
  const began = Date.now() - performance.now();
  return () => Math.round(began + performance.now());
}
