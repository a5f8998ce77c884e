/**
 * A process for one attempt, in which the handler has the main thread. Standard output and error are the handler's; the lifter makes log
 * lines of them. A second thread watches what the handler may keep the first one from seeing.
 */

import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { runAttempt, toldToEnd } from './attempt.js';
import { hostMark } from './descendants.js';
import { jobError } from './errors.js';
import { markPrograms } from './mark-programs.js';
import { allowedBytes, memoryIntervalMs } from './memory.js';
import { exitCodes, type FromHost, reasonPipe, type Task, type ToHost } from './protocol.js';

const watched = z.object({ memoryLimit: z.number(), parent: z.number() });

if (isMainThread) obey();
else watch(watched.parse(workerData));

function obey(): void {
  markPrograms(hostMark);
  const controller = new AbortController();
  process.on('message', (order: ToHost) => {
    if (order.type === 'run') void run(order.id, order.task, controller.signal);
    else if (order.type === 'abort') controller.abort(toldToEnd(order.reason));
  });
  process.on('disconnect', () => process.exit(exitCodes.orphaned));
}

async function run(id: number, task: Task, signal: AbortSignal): Promise<void> {
  const { work } = task;
  if (work.type !== 'module') throw new TypeError('a process of its own runs modules alone');
  const { memoryLimit, moduleUrl } = work;
  // A rejection that nobody handles becomes one of these, too.
  process.on('uncaughtException', (error) =>
    endWith({ type: 'crashed', id, error: jobError(error), isOutOfMemory: false }),
  );
  const worker = new Worker(fileURLToPath(import.meta.url), {
    workerData: { memoryLimit, parent: process.ppid },
  });
  worker.unref();
  const tell = (message: Extract<FromHost, { type: 'said' }>['message']) => {
    process.send?.({ type: 'said', id, message } satisfies FromHost);
  };
  const how = await runAttempt(task, moduleUrl, { signal, tell });
  // A rejection that nobody handles is known of by then.
  await new Promise(setImmediate);
  endWith({ type: 'ended', id, how });
}

/** Exits when the last word has been written. */
function endWith(message: FromHost): void {
  process.send?.(message, () => process.exit());
}

function watch({ memoryLimit, parent }: z.infer<typeof watched>): void {
  const most = allowedBytes([memoryLimit]);
  setInterval(() => {
    const isTooMuch = process.memoryUsage.rss() > most;
    if (isTooMuch) writeSync(reasonPipe, 'memory');
    // From a thread that is not the first, there is no other way to end the process.
    if (isTooMuch || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, memoryIntervalMs);
}
