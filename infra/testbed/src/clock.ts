/** Milliseconds of the machine's monotonic clock, the same in every process, whatever is done to the time of day. */
export const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
