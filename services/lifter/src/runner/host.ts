/**
 * The process in which attempts run: modules in worker threads, commands as child processes. Its own event loop runs nothing of theirs, so it
 * hears at once that the lifter is gone, and ends everything.
 */

import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { runCommand } from '../commands/run.js';
import { jobError } from './errors.js';
import { allowedBytes, memoryIntervalMs } from './memory.js';
import {
  exitCodes,
  type FromHost,
  type Task,
  type TaskReturn,
  type ThreadTask,
  type ToHost,
  type ToThread,
} from './protocol.js';

/** An unused thread is let go after this. */
const idleTimeoutMs = 60_000;
/** Time for a terminated thread to be gone. One that is deep in native code ends only with the process. */
const terminationMs = 500;
const youngGenerationMiB = 16;

interface Running {
  readonly memoryLimit: number;
  readonly ask: AbortController;
  readonly kill: AbortController;
}

const slots = Number(process.argv[2]);
const threadFile = fileURLToPath(new URL('./thread.js', import.meta.url));
const pools = new Map<number, Piscina<ThreadTask, TaskReturn>>();
const running = new Map<number, Running>();

const send = (message: FromHost) => process.send?.(message);

process.on('message', (order: ToHost) => {
  switch (order.type) {
    case 'run':
      void run(order.id, order.task);
      break;
    case 'abort':
      running.get(order.id)?.ask.abort(order.reason);
      break;
    case 'kill':
      running.get(order.id)?.kill.abort();
      break;
  }
});

function endIfOrphaned(): void {
  if (process.connected) return;
  for (const { kill } of running.values()) kill.abort();
  process.exit(exitCodes.orphaned);
}

process.on('disconnect', endIfOrphaned);

setInterval(() => {
  // The lifter may have been gone before anybody listened.
  endIfOrphaned();
  if (running.size === 0) return;
  const limits = [...running.values()].map(({ memoryLimit }) => memoryLimit);
  if (process.memoryUsage.rss() > allowedBytes(limits)) process.exit(exitCodes.memory);
}, memoryIntervalMs);

async function run(id: number, task: Task): Promise<void> {
  const { work } = task;
  const memoryLimit = work.type === 'module' ? work.memoryLimit : 0;
  const one = { memoryLimit, ask: new AbortController(), kill: new AbortController() };
  running.set(id, one);
  try {
    send({ type: 'ended', id, how: await perform(id, task, one) });
  } catch (error) {
    send({ type: 'crashed', id, error: jobError(error) });
  } finally {
    running.delete(id);
  }
}

function perform(id: number, task: Task, { ask, kill, memoryLimit }: Running): Promise<TaskReturn> {
  const { work } = task;
  if (work.type === 'module') return runInThread(id, task, { ask, kill, memoryLimit });
  return runCommand(task, work.command, {
    signal: ask.signal,
    killed: kill.signal,
    tell: (message) => send({ type: 'said', id, message }),
  });
}

async function runInThread(
  id: number,
  task: Task,
  { ask, kill, memoryLimit }: Running,
): Promise<TaskReturn> {
  const { port1, port2 } = new MessageChannel();
  const gone = new Promise((resolve) => port1.once('close', resolve));
  port1.on('message', (message) => send({ type: 'said', id, message }));
  const { signal } = ask;
  const abort = () => port1.postMessage({ abort: String(signal.reason) } satisfies ToThread);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await poolFor(memoryLimit).run(
      { ...task, port: port2 },
      { transferList: [port2], signal: kill.signal },
    );
  } catch (error) {
    if (kill.signal.aborted) {
      const stuck = setTimeout(() => process.exit(exitCodes.stuck), terminationMs);
      await gone;
      clearTimeout(stuck);
    }
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    // The end came by another channel: what was said before it may still be on its way here.
    for (let last = receiveMessageOnPort(port1); last; last = receiveMessageOnPort(port1))
      send({ type: 'said', id, message: last.message });
    port1.close();
  }
}

function poolFor(memoryLimit: number): Piscina<ThreadTask, TaskReturn> {
  const known = pools.get(memoryLimit);
  if (known) return known;
  const pool = new Piscina<ThreadTask, TaskReturn>({
    filename: threadFile,
    minThreads: 1,
    maxThreads: slots,
    idleTimeout: idleTimeoutMs,
    recordTiming: false,
    resourceLimits: {
      maxOldGenerationSizeMb: memoryLimit,
      maxYoungGenerationSizeMb: youngGenerationMiB,
    },
  });
  // A thread that died with nothing running in it.
  pool.on('error', (error) => process.stderr.write(`a thread died: ${jobError(error).message}\n`));
  pools.set(memoryLimit, pool);
  return pool;
}
