import { chmod, mkdir, mkdtemp, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerProcess, spawnServer, waitUntilReady } from './child.js';
import { isLaunchError, LaunchError } from './error.js';
import { readIfThere } from './files.js';
import { freePorts } from './ports.js';

/** How to run one kind of server. */
export interface Launch {
  /** What to call it in messages. */
  readonly name: string;
  /** A folder to keep. @default a temporary one, removed by `stop` */
  readonly dir?: string | undefined;
  /** How many ports of 127.0.0.1 it needs. */
  readonly portCount: number;
  /** Time until it must be ready, in milliseconds. @default 30000 */
  readonly timeoutMs?: number | undefined;
  /** Writes its files, and says what to run. */
  prepare(place: Place): Promise<Command>;
  /** Judges its output. Throws if that shows that it will not come up. */
  isReady(output: string): boolean;
}

/** Where it runs. */
export interface Place {
  readonly dir: string;
  /** The folder is to be removed by the server itself, should it outlive us. */
  readonly temporary: boolean;
  readonly ports: readonly number[];
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** A server that was launched and is ready. */
export interface Launched {
  readonly dir: string;
  readonly ports: readonly number[];
  readonly logFile: string;
  readonly pid: number;
  readonly running: boolean;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Waits until the process has ended. */
  ended(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Another program may take a port between our look and the server's start: then other ports. */
const ATTEMPTS = 3;

/** Starts a server as a private child process with a folder and ports of its own. */
export async function launch(options: Launch): Promise<Launched> {
  const folder = await openFolder(options);
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await launchIn(folder, options);
      } catch (error) {
        if (attempt === ATTEMPTS || !isLaunchError(error) || error.code !== 'port-taken')
          throw error;
      }
    }
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** What `isReady` throws when the output says that a port is not free. */
export const portTaken = (name: string): LaunchError =>
  new LaunchError('port-taken', `${name} found one of its ports taken.`);

interface Folder {
  readonly dir: string;
  readonly temporary: boolean;
  close(): Promise<void>;
}

async function openFolder({ dir: kept }: Launch): Promise<Folder> {
  if (kept === undefined) {
    const dir = await mkdtemp(join(tmpdir(), 'heavylift-server-'));
    return { dir, temporary: true, close: () => rm(dir, { recursive: true, force: true }) };
  }
  await mkdir(kept, { recursive: true });
  await chmod(kept, 0o700); // passwords are in it
  return { dir: kept, temporary: false, close: async () => undefined };
}

/** The same ports as last time if they are free, so that a chat client finds a kept server again. */
async function choosePorts(dir: string, count: number): Promise<number[]> {
  const file = join(dir, 'ports');
  const last = (await readIfThere(file)) ?? '';
  const ports = await freePorts(count, (last.match(/\d+/g) ?? []).map(Number));
  await writeFile(file, `${ports.join(' ')}\n`);
  return ports;
}

const PID_FILE = 'server.pid';

/**
 * Two servers with one data folder would destroy the data. The last one may still be ending, if
 * the process that started it was killed.
 */
async function waitUntilUnused(dir: string): Promise<void> {
  const pid = (await readIfThere(join(dir, PID_FILE)))?.trim();
  if (pid === undefined) return;
  const deadline = Date.now() + 12_000;
  while (await runsIn(pid, dir)) {
    if (Date.now() > deadline) {
      const message = `A server runs in ${dir} already (process ${pid}). Stop that one, or choose another folder.`;
      throw new LaunchError('folder-in-use', message);
    }
    await sleep(100);
  }
}

/** Whether a process works in a folder: process numbers are used again. Where there is no /proc, no. */
async function runsIn(pid: string, dir: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(dir));
  } catch {
    return false;
  }
}

async function launchIn(folder: Folder, options: Launch): Promise<Launched> {
  const { dir, temporary } = folder;
  const { name, isReady, portCount, timeoutMs = 30_000 } = options;
  await waitUntilUnused(dir);
  const ports = await choosePorts(dir, portCount);
  const command = await options.prepare({ dir, temporary, ports });
  const logFile = join(dir, 'console.log');

  const boot = async (): Promise<ServerProcess> => {
    const server = await spawnServer({ ...command, cwd: dir, outputFile: logFile });
    await writeFile(join(dir, PID_FILE), `${server.pid}\n`);
    await waitUntilReady(server, { name, isReady, timeoutMs });
    return server;
  };

  let server = await boot();
  return {
    dir,
    ports,
    logFile,
    get pid() {
      return server.pid;
    },
    get running() {
      return server.running;
    },
    kill: async (signal) => {
      await server.kill(signal);
    },
    ended: async () => {
      await server.ended();
    },
    restart: async () => {
      await server.stop();
      server = await boot();
    },
    stop: async () => {
      await server.stop();
      await folder.close();
    },
  };
}
