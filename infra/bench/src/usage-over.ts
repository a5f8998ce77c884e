import { now, usageOf } from '@heavylift/testbed';

/** What one process took in a while. */
export interface Taken {
  readonly name: string;
  /** Share of one processor, in per cent. */
  readonly cpu: number;
  /** Memory at the end, and the most it ever held, in bytes. */
  readonly rss: number;
  readonly peakRss: number;
}

/** Measures processes from now on. @returns what they took until it is called */
export async function measureUsage(
  processes: readonly { readonly name: string; readonly pid: number }[],
): Promise<() => Promise<Taken[]>> {
  const began = now();
  const before = await Promise.all(processes.map(({ pid }) => usageOf(pid)));
  return async () => {
    const ms = now() - began;
    return Promise.all(
      processes.map(async ({ name, pid }, index) => {
        const { cpuMs, rss, peakRss } = await usageOf(pid);
        const cpu = ((cpuMs - (before[index]?.cpuMs ?? 0)) / ms) * 100;
        return { name, cpu, rss, peakRss };
      }),
    );
  };
}
