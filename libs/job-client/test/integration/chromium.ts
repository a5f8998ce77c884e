import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The browser on this machine. */
export const chromium = ['chromium', 'google-chrome', 'chromium-browser'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

export interface Page {
  /** Runs an expression in the page, and gives what it comes to, as JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** What went wrong in the page. */
  readonly exceptions: readonly string[];
  close(): Promise<void>;
}

/** Opens a page in a browser without a window, and talks to it over a pipe (Chrome DevTools Protocol). */
export async function openPage(url: string): Promise<Page> {
  if (chromium === undefined) throw new Error('there is no Chromium');
  const dir = await mkdtemp(join(tmpdir(), 'heavylift-chromium-'));
  const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const child = spawn(
    chromium,
    [...args, `--user-data-dir=${dir}`, '--remote-debugging-pipe', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const [, , , toChild, fromChild] = child.stdio;
  const exceptions: string[] = [];
  const call = converse(toChild, fromChild, (text) => exceptions.push(text));
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  await call('Runtime.enable', {}, sessionId);
  await call('Page.navigate', { url }, sessionId);
  return {
    exceptions,
    async evaluate(expression) {
      const options = { expression, returnByValue: true, awaitPromise: true };
      const { result } = await call('Runtime.evaluate', options, sessionId);
      return result?.value;
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Of the answers, what is used here. */
interface Answer {
  readonly targetId?: string;
  readonly sessionId?: string;
  readonly result?: { readonly value?: unknown };
}
interface Incoming {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Answer;
  readonly error?: unknown;
  readonly params?: unknown;
}
type Call = (method: string, params: object, sessionId?: string) => Promise<Answer>;

/** Messages are JSON, each ended by a zero byte. */
function converse(
  to: Readable | Writable | null | undefined,
  from: Readable | Writable | null | undefined,
  onException: (text: string) => void,
): Call {
  if (!to || !('write' in to) || !from || !('read' in from)) throw new Error('there is no pipe');
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  let rest = '';
  from.on('data', (chunk) => {
    const parts = `${rest}${chunk}`.split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const { id = 0, method, result = {}, error, params }: Incoming = JSON.parse(part);
      if (method === 'Runtime.exceptionThrown') onException(JSON.stringify(params));
      if (error === undefined) waiting.get(id)?.resolve(result);
      else waiting.get(id)?.reject(new Error(JSON.stringify(error)));
      waiting.delete(id);
    }
  });
  let last = 0;
  return (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve, reject });
      to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
}
