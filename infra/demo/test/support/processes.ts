import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process is there, and no zombie. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** The processes below one, by their command line. */
export function descendants(pid: number): Map<number, string> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat !== undefined) parents.set(Number(name), stat.parent);
  }
  const found = new Map<number, string>();
  const below = (ancestor: number): void => {
    for (const [child, parent] of parents) {
      if (parent !== ancestor) continue;
      found.set(child, commandLine(child));
      below(child);
    }
  };
  below(pid);
  return found;
}

/** Waits until something is so. */
export async function until(reached: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!reached()) {
    if (Date.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${reached}`);
    await sleep(20);
  }
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    // The name, in parentheses, may hold anything.
    const [state = '', parent = ''] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // it is gone
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
