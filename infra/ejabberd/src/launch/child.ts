import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLaunchError, LaunchError, messageOf } from './error.js';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program of ours that runs in the background. */
export interface ServerProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Whatever it printed since it was started. */
  output(): Promise<string>;
  /** Asks it to end (SIGTERM), forces it (SIGKILL) when it does not within `graceMs`. */
  stop(graceMs?: number): Promise<Ending>;
  /** Waits for its end. */
  ended(): Promise<Ending>;
  /** Sends a signal that ends it, and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Ending>;
}

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** All output is appended to this file. */
  readonly outputFile: string;
}

/**
 * Starts a server whose standard input is a pipe that only this process holds open. The server
 * must end when it reads end of file there: so it cannot outlive us, not even our SIGKILL.
 *
 * It has a process group of its own, so that Ctrl-C in a terminal reaches us and not it, and it
 * does not keep our event loop alive.
 */
export async function spawnServer(options: SpawnOptions): Promise<ServerProcess> {
  const { command, args, env, cwd, outputFile } = options;
  const output = await open(outputFile, 'a', 0o600);
  try {
    const { size: start } = await output.stat();
    const stdio = ['pipe', output.fd, output.fd] as const;
    const child = spawn(command, args, { env, cwd, detached: true, stdio: [...stdio] });
    const pid = await spawned(child, command);
    child.unref();
    if (child.stdin !== null) {
      child.stdin.on('error', () => undefined); // the server ended: its exit tells
      if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
    }
    return serverProcess(child, pid, outputFile, start);
  } finally {
    await output.close();
  }
}

function spawned(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new LaunchError('start-failed', `${command} cannot be run: ${error.message}`, error));
    });
    child.once('spawn', () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
  });
}

function serverProcess(
  child: ChildProcess,
  pid: number,
  outputFile: string,
  start: number,
): ServerProcess {
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  const ended = async (): Promise<Ending> => {
    if (isRunning()) {
      child.ref();
      await once(child, 'exit');
    }
    return { code: child.exitCode, signal: child.signalCode };
  };
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending> => {
    if (isRunning()) child.kill(signal);
    return ended();
  };

  return {
    pid,
    get running() {
      return isRunning();
    },
    ended,
    kill,
    output: async () => (await readFile(outputFile)).subarray(start).toString('utf8'),
    stop: async (graceMs = 10_000) => {
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      try {
        return await kill('SIGTERM');
      } finally {
        clearTimeout(force);
      }
    },
  };
}

export interface ReadyOptions {
  /** What to call it in messages. */
  readonly name: string;
  /** Judges the output so far; throws if it shows that the server will not come up. */
  readonly isReady: (output: string) => boolean;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

/** Waits until the server's output says that it is ready. On failure the server has been ended. */
export async function waitUntilReady(
  server: ServerProcess,
  { name, isReady, timeoutMs }: ReadyOptions,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    // Asked before the output is read, so that a last word is never missed.
    const { running } = server;
    const output = await server.output();
    try {
      if (isReady(output)) return;
    } catch (error) {
      await server.kill();
      const code = isLaunchError(error) ? error.code : 'start-failed';
      throw new LaunchError(code, `${messageOf(error)}\n${lastLines(output)}`, error);
    }
    if (!running) {
      const { code, signal } = await server.kill();
      const how = signal === null ? `exit code ${code}` : signal;
      throw new LaunchError('start-failed', `${name} ended (${how}):\n${lastLines(output)}`);
    }
    if (Date.now() > deadline) {
      await server.kill();
      const message = `${name} was not ready after ${timeoutMs / 1000} s:\n${lastLines(output)}`;
      throw new LaunchError('start-timeout', message);
    }
    await sleep(20);
  }
}

/** The end of a log, for an error message. */
export const lastLines = (text: string, count = 20): string =>
  text.trimEnd().split('\n').slice(-count).join('\n');
