import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const keptRuns = 20;

/** The log of one run: a JSON object a line, from all services. */
export interface RunLog {
  readonly path: string;
  /** A line that somebody printed or says; if it is no JSON object, it is wrapped in one. */
  write(name: string, line: string): void;
  /** Resolves when all is written, or cannot be. */
  close(): Promise<void>;
}

/** Starts a log named by the time, and removes the oldest ones. */
export async function openRunLog(dir: string, now = new Date()): Promise<RunLog> {
  await mkdir(dir, { recursive: true });
  await removeOldRuns(dir);
  // The process id keeps two runs apart that start within one second.
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  const path = join(dir, `${time}-${process.pid}.log`);
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk must not end the run: the log is there to help.
  stream.on('error', () => undefined);
  return {
    path,
    write(name, line) {
      if (stream.writable) stream.write(`${asJson(name, line)}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (stream.closed || stream.destroyed) return resolve();
        stream.once('close', () => resolve());
        stream.end();
      }),
  };
}

/** Log lines come from pino; what a dying process prints does not. */
function asJson(name: string, line: string): string {
  if (parseLogLine(line) !== undefined) return line;
  return JSON.stringify({ time: Date.now(), name, msg: line });
}

/** The message of a JSON log line, or nothing if it is no such line. */
export function parseLogLine(line: string): { readonly msg: unknown } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null) return undefined;
    return { msg: 'msg' in entry ? entry.msg : undefined };
  } catch {
    return undefined;
  }
}

async function removeOldRuns(dir: string): Promise<void> {
  const logs = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  const old = logs.slice(0, Math.max(0, logs.length - (keptRuns - 1)));
  await Promise.all(old.map((name) => rm(join(dir, name), { force: true })));
}
