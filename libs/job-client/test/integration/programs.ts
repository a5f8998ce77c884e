import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SessionOptions } from '@heavylift/xmpp-pubsub';

/** Where a file of `examples/` in the root of the workspace is. */
export const example = (path: string): string =>
  fileURLToPath(new URL(`../../../../examples/${path}`, import.meta.url));

export interface Program {
  /** What it has printed. */
  readonly output: { out: string; err: string };
  /** Ends it for good, and waits for that. */
  kill(): Promise<void>;
}

export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Program {
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    output.out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    output.err += String(chunk);
  });
  return {
    output,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A program for Node that takes its account from the environment. */
export function runNode(
  file: string,
  args: readonly string[],
  { service, domain, username, password }: SessionOptions,
  more: Readonly<Record<string, string>> = {},
): Program {
  return run(process.execPath, [file, ...args], {
    XMPP_SERVICE: service,
    XMPP_DOMAIN: domain,
    XMPP_USERNAME: username,
    XMPP_PASSWORD: password,
    ...more,
  });
}
