import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits for something that happens in another process. */
export const eventually = (check: () => unknown): Promise<void> =>
  expect.poll(check, { timeout: 60_000, interval: 50 }).toBeTruthy();

interface Started {
  readonly pid: number;
  readonly dir: string;
  readonly service: string;
}

/** A Node process that started a server, or a cluster of them, and then does nothing. */
export interface Parent {
  readonly process: ChildProcess;
  readonly servers: readonly [Started, ...Started[]];
}

/**
 * Starts a server or a cluster in a process of its own.
 *
 * @param source the module whose function is called.
 */
export async function startInChild(
  source: URL,
  functionName: string,
  options: object = {},
): Promise<Parent> {
  const program = `
    import { runnerImport } from 'vite';
    const { module } = await runnerImport(${JSON.stringify(fileURLToPath(source))}, {
      ssr: { resolve: { conditions: ['@heavylift/source'] } },
    });
    const started = await module.${functionName}(${JSON.stringify(options)});
    const servers = started.nodes ?? [started];
    console.log(JSON.stringify(servers.map(({ pid, dir, service }) => ({ pid, dir, service }))));
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { process: child, servers: JSON.parse(String(line)) };
}
