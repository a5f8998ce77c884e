import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A service as a process of its own. */
export interface ServiceProcess {
  readonly pid: number;
  /** Resolves when it has ended, with its exit code or signal. */
  readonly ended: Promise<string>;
  signal(signal: NodeJS.Signals): void;
}

export interface ServiceProcessOptions {
  /** The program's main file. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  /** URLs of modules to load before the program. */
  readonly imports?: readonly string[];
  /** Options for node. */
  readonly nodeArgs?: readonly string[];
  /** All it prints is appended here. */
  readonly logFile: string;
}

const ownFile = (file: string): string =>
  new URL(`./dist/${file}`, import.meta.resolve('@heavylift/testbed/package.json')).href;

/** Starts a service. It ends with this process, however that ends. */
export async function startService(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { main, env, imports = [], nodeArgs = [], logFile } = options;
  const preloaded = [ownFile('end-with-parent.js'), ...imports];
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', ...nodeArgs, ...preloaded.flatMap((url) => ['--import', url]), main],
      // A process group of its own: Ctrl-C in the terminal is for us.
      { env: { ...ownEnv(), ...env }, stdio: ['pipe', log, log], detached: true },
    );
    const pid = await spawned(child);
    child.stdin?.on('error', () => undefined); // it ended, which its exit tells
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    return { pid, ended, signal: (signal) => void child.kill(signal) };
  } finally {
    closeSync(log);
  }
}

/** The main file of a service of this workspace. */
export const serviceMain = (role: string): string =>
  fileURLToPath(new URL('./dist/main.js', import.meta.resolve(`@heavylift/${role}/package.json`)));

/** Our environment without what is for us only. */
function ownEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(HEAVYLIFT_|npm_|VITEST|NODE_OPTIONS)/.test(name))
      env[name] = value;
  }
  return env;
}

function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
  });
}
