/** Times the steps of start-up. */
export interface Stopwatch {
  /** Runs a step and remembers how long it took. */
  time<T>(step: string, work: () => Promise<T>): Promise<T>;
  /** e.g. `server 1.02 s, services 0.80 s; 1.85 s in all` */
  summary(): string;
}

export function startStopwatch(): Stopwatch {
  const startedAt = performance.now();
  const steps: string[] = [];
  const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`;
  return {
    async time(step, work) {
      const since = performance.now();
      const result = await work();
      steps.push(`${step} ${seconds(since)}`);
      return result;
    },
    summary: () => `${steps.join(', ')}; ${seconds(startedAt)} in all`,
  };
}
