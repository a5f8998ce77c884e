import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LaunchError } from './error.js';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds; the command is killed then. @default 120000 */
  readonly timeoutMs?: number;
  /** Written to the command's standard input. */
  readonly input?: string;
}

/** Runs a program to its end, without a shell, and returns what it printed. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, timeoutMs = 120_000, input = '' }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const said = (stderr.trim() || stdout.trim()).split('\n').slice(-5).join('\n');
      const how = error.killed === true ? `took over ${timeoutMs / 1000} s` : `failed`;
      const message = `${command} ${args.slice(0, 3).join(' ')} ${how}: ${said || error.message}`;
      reject(new LaunchError('command-failed', message, error));
    });
    // A program that ends without reading its input breaks the pipe; its exit code tells the rest.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Folders for programs of administrators, which are often not on the PATH of ordinary users. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];

/** The full path of a program, or undefined. */
export async function findProgram(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const folders = [...(env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  for (const folder of folders) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
