import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants, isRunning, until } from './processes.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A run of the demo, as `npm start` runs it. */
export interface DemoRun extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout: string;
  stderr: string;
  /** Every process that was seen below it, by its command line. */
  readonly seen: ReadonlyMap<number, string>;
  /** Whatever it keeps in temporary folders is in here. */
  readonly tmp: string;
  type(text: string): void;
  /** Waits until the output, or the errors, have this in them. */
  says(text: string | RegExp): Promise<void>;
  /** The process of one of its services. */
  service(name: 'dispatcher' | 'lifter' | 'notifier'): number;
  /** The server's process. */
  server(): number;
  /** Waits for its end, as a shell sees it. */
  ended(): Promise<number>;
  /** What it left: processes, files, the log it names. */
  leftovers(): Promise<{ processes: string[]; files: string[] }>;
  /** The log that the errors name. */
  log(): string | undefined;
}

export interface DemoRunOptions {
  readonly args?: readonly string[];
  /** Standard input is a pipe with this in it, closed after it. @default no input at all */
  readonly input?: string;
  /** Standard input and output are a terminal. */
  readonly terminal?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** No engine answers there. A server in a container would be no process below the demo, and these tests look at those. */
const noContainers = { DOCKER_HOST: 'tcp://127.0.0.1:1' };

export async function startDemo(options: DemoRunOptions = {}): Promise<DemoRun> {
  const { args = [], input, terminal = false, env = {} } = options;
  const tmp = await mkdtemp(join(tmpdir(), 'heavylift-demo-run-'));
  const command = [process.execPath, '--enable-source-maps', main, ...args];
  const child = spawn(
    terminal ? 'script' : process.execPath,
    // `script` runs a command in a terminal of its own, and ends as the command does.
    terminal ? ['-qefc', `exec ${command.map(quoted).join(' ')}`, '/dev/null'] : command.slice(1),
    {
      cwd: root,
      env: { ...process.env, ...noContainers, TERM: 'xterm', ...env, TMPDIR: tmp },
      stdio: [terminal || input !== undefined ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    },
  );
  await once(child, 'spawn');
  if (input !== undefined) child.stdin?.end(input);
  const { pid } = child;
  if (pid === undefined) throw new Error('the demo has no process id');

  const seen = new Map<number, string>();
  const look = (): void => {
    for (const [below, command] of descendants(pid)) {
      // One that has just been forked, or has just ended, has none.
      if (command !== '' || !seen.has(below)) seen.set(below, command);
    }
  };
  const looking = setInterval(look, 50);
  const exit = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1));
  });
  const only = (pattern: RegExp): number => {
    look();
    const found = [...seen].filter(([id, command]) => pattern.test(command) && isRunning(id));
    const [first] = found;
    if (first === undefined || found.length > 1) throw new Error(`${pattern}: ${found.length}`);
    return first[0];
  };

  const run: DemoRun = {
    child,
    pid,
    stdout: '',
    stderr: '',
    seen,
    tmp,
    type(text) {
      child.stdin?.write(text);
    },
    async says(text) {
      const said = (): boolean => {
        const all = run.stdout + run.stderr;
        return typeof text === 'string' ? all.includes(text) : text.test(all);
      };
      await until(() => said() || child.exitCode !== null, 90_000);
      if (!said()) throw new Error(`ended without ${text}:\n${run.stdout}${run.stderr}`);
    },
    service: (name) => only(new RegExp(`/services/${name}/dist/main\\.js`)),
    server: () => only(/beam\S* /),
    async ended() {
      const code = await exit;
      clearInterval(looking);
      return code;
    },
    async leftovers() {
      const running = () => [...seen].filter(([id]) => isRunning(id));
      // The server's helpers end by themselves, a moment after it.
      await until(() => running().length === 0, 10_000);
      return {
        processes: running().map(([, command]) => command),
        files: await readdir(tmp),
      };
    },
    log() {
      const [, path] = /The log of this run: (.+)/.exec(run.stderr) ?? [];
      return path !== undefined && existsSync(path.trim()) ? path.trim() : undefined;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await exit;
      }
      // What a killed run started ends by itself, and must not find its folder gone.
      await until(() => [...seen.keys()].every((id) => !isRunning(id)));
      await rm(tmp, { recursive: true, force: true });
    },
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    run.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    run.stderr += text;
  });
  return run;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
