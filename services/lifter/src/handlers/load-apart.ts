/** Loads modules of handlers in processes of their own: what they do when they are imported is not to happen in the lifter's. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type HandlersProcess, processOptions } from '../runner/environment.js';
import { problemWith } from './problems.js';
import { type Loaded, problemOf, type RegisteredHandler } from './registry.js';

/** Time for a module to be imported. */
const patienceMs = 60_000;

const described = z.object({
  type: z.literal('described'),
  handlers: z.array(z.custom<RegisteredHandler>(isRegistered)),
  problems: z.array(z.string()),
});

/**
 * Never rejects: what goes wrong is a problem of the module's.
 *
 * @param programs where the programs of this folder are, as JavaScript
 */
export async function loadApart(
  moduleUrl: string,
  as: HandlersProcess,
  programs = new URL('./', import.meta.url),
): Promise<Loaded> {
  const program = fileURLToPath(new URL('loader.js', programs));
  const child = fork(program, [moduleUrl], {
    ...processOptions(as),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const failed = (problem: string): Loaded => ({
    handlers: [],
    problems: [problemOf(moduleUrl, problem)],
  });
  const loaded = new Promise<Loaded>((resolve) => {
    child.on('message', (message) => {
      const { success, data } = described.safeParse(message);
      if (success) resolve(data);
    });
    child.once('error', ({ message }) => resolve(failed(message)));
    child.once('close', (code, signal) =>
      resolve(failed(`it ended its process: ${signal ?? `exit code ${code}`}`)),
    );
  });
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Loaded>((resolve) => {
    late = setTimeout(
      () => resolve(failed(`importing it took longer than ${patienceMs / 1_000} s`)),
      patienceMs,
    );
  });
  const found = await Promise.race([loaded, tooLate]);
  clearTimeout(late);
  end(child);
  return found;
}

/** With all that the module has started. */
function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function isRegistered(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    problemWith(value) === undefined &&
    'work' in value &&
    'title' in value &&
    'isolation' in value &&
    'timeout' in value &&
    'maxAttempts' in value
  );
}
