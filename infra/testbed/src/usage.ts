import { readFile } from 'node:fs/promises';

/** What a process has used, as the kernel counts it. */
export interface Usage {
  /** CPU time of all its threads so far, in milliseconds. */
  readonly cpuMs: number;
  /** Memory that it holds now and that it held at most, in bytes. */
  readonly rss: number;
  readonly peakRss: number;
}

/** The kernel's unit of CPU time, as it shows it to programs. */
const tickMs = 10;

/** @throws Error if there is no such process, or no /proc */
export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    rss: kilobytes('VmRSS') * 1024,
    peakRss: kilobytes('VmHWM') * 1024,
  };
}

/** The processes that a process has started and that still run. Empty where the kernel does not tell. */
export async function childrenOf(pid: number): Promise<number[]> {
  const told = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return told.split(' ').filter(Boolean).map(Number);
}
