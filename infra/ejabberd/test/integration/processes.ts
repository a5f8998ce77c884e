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
  expect.poll(check, { timeout: 15_000, interval: 50 }).toBeTruthy();

/** A Node process that started a server and then does nothing. */
export interface Parent {
  readonly process: ChildProcess;
  readonly server: { readonly pid: number; readonly dir: string; readonly service: string };
}

/**
 * Starts a server in a process of its own.
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
    const { pid, dir, service } = await module.${functionName}(${JSON.stringify(options)});
    console.log(JSON.stringify({ pid, dir, service }));
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { process: child, server: JSON.parse(String(line)) };
}
