import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { built } from '../../support/build.js';
import { eventually } from './eventually.js';

const logLine = z.looseObject({ level: z.string(), msg: z.string().optional() });
export type LogLine = z.infer<typeof logLine>;

/** A lifter as it runs in earnest: its own process, told by its environment alone who and where it is. */
export interface LifterProcess {
  readonly lines: readonly LogLine[];
  /** Waits for a line of its log. */
  logged(msg: string): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, when it has ended. */
  readonly exited: Promise<number | null>;
}

const running = new Set<ChildProcess>();

export function startLifter(env: Readonly<Record<string, string>>): LifterProcess {
  const child = spawn(process.execPath, [fileURLToPath(built('main.js'))], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const lines: LogLine[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(logLine.parse(JSON.parse(line))));
  const exited = once(child, 'close').then(() => {
    running.delete(child);
    return child.exitCode;
  });
  return {
    lines,
    logged: (msg) =>
      eventually(`the log says '${msg}'`, () => lines.find((line) => line.msg === msg)),
    kill: (signal) => void child.kill(signal),
    exited,
  };
}

/** Ends what tests left running. */
export async function killLifters(): Promise<void> {
  const ended = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ended);
}
