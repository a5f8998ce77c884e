/**
 * Programs that a job has started, and all that those have: wherever they went, they carry a mark in the environment that they were
 * started with. Linux shows it in /proc. Elsewhere only the process group ends with the job.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Of a process of handlers. */
export const hostMark = 'HEAVYLIFT_HOST';
/** Of one attempt. */
export const runMark = 'HEAVYLIFT_RUN';

/** Of an attempt in a thread of this process. */
export function runOf(id: number): string {
  return `${process.env[hostMark]}.${id}`;
}

/** What starts programs may go on doing so while it is ended. */
const mostRounds = 50;

/** Kills all that carry the mark, but this process. */
export function endMarked(name: string, value: string): void {
  for (let round = 0; round < mostRounds; round++) {
    if (signalMarked(name, value, 'SIGKILL') === 0) return;
  }
}

/** @returns how many there were */
export function signalMarked(name: string, value: string, signal: NodeJS.Signals): number {
  if (process.platform !== 'linux') return 0;
  const found = marked(`${name}=${value}`);
  for (const pid of found) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found.length;
}

function marked(mark: string): number[] {
  const pids = namesIn('/proc').map(Number);
  return pids.filter((pid) => pid > 0 && pid !== process.pid && carries(pid, mark));
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark);
  } catch {
    // It has ended, or is somebody else's.
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
