import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DemoError } from './errors.js';
import { parseLogLine, type RunLog } from './run-log.js';

/** A service as a process of its own. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it logs `ready`. @throws DemoError if it ends before */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, with a word on how. */
  readonly ended: Promise<Ending>;
  /** Asks it to stop, forces it to after a while, and waits until it is gone. */
  stop(): Promise<void>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceProcessOptions {
  readonly name: string;
  /** The program's main file. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: RunLog;
  /** Time to end after SIGTERM, in milliseconds. @default 5_000 */
  readonly graceMs?: number;
}

const endWithParent = new URL('./end-with-parent.js', import.meta.url);

/** Starts a service. It ends with this process, however that ends. */
export async function startService(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const { name, main, env, log, graceMs = 5_000 } = options;
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--import', endWithParent.href, main],
    // A process group of its own: Ctrl-C in the terminal is for us, who then stop the services in order.
    { env: { ...ownEnv(), ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  const pid = await spawned(child, name);
  child.stdin.on('error', () => undefined); // it ended, which its exit tells

  const ended = new Promise<Ending>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    const take = (line: string): void => {
      log.write(name, line);
      if (parseLogLine(line)?.msg === 'ready') resolve();
    };
    createInterface({ input: child.stdout }).on('line', take);
    createInterface({ input: child.stderr }).on('line', take);
    void ended.then((ending) => {
      reject(new DemoError(`${name} ended before it was ready (${describeEnding(ending)}).`));
    });
  });
  // Whoever waits for it hears; nobody has to.
  ready.catch(() => undefined);

  return {
    name,
    pid,
    ready,
    ended,
    async stop() {
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(force);
      // Its last words may still be on their way; a process it left behind may hold the pipe for ever.
      await Promise.race([closed, wait(500)]);
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

export const describeEnding = ({ code, signal }: Ending): string =>
  signal === null ? `exit code ${code}` : signal;

/** The main file of a service of this workspace, by the package's name. */
export function serviceMain(packageName: string): string {
  return fileURLToPath(
    new URL('./dist/main.js', import.meta.resolve(`${packageName}/package.json`)),
  );
}

/** Our environment without what is for us only: it may hold an administrator's password. */
function ownEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(HEAVYLIFT_|npm_)/.test(name)) env[name] = value;
  }
  return env;
}

function spawned(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new DemoError(`${name} cannot be started: ${error.message}`)),
    );
    child.once('spawn', () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
  });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
