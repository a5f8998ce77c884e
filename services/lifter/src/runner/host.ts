/**
 * The process in which attempts run: modules in worker threads, commands as child processes. Its own event loop runs nothing of theirs, so it
 * hears at once that the lifter is gone, and ends everything.
 */
import { runCommand } from '../commands/run.js';
import { endMarked, runMark, runOf } from './descendants.js';
import { jobError } from './errors.js';
import { allowedBytes, memoryIntervalMs } from './memory.js';
import { exitCodes, type FromHost, type Task, type TaskReturn, type ToHost } from './protocol.js';
import { createThreads, ThreadCrash, terminationMs } from './threads.js';

interface Running {
  readonly memoryLimit: number;
  readonly ask: AbortController;
  readonly kill: AbortController;
}

const running = new Map<number, Running>();
const threads = createThreads({
  most: Number(process.argv[2]),
  onStray: (what) => process.stderr.write(`${what}\n`),
  onLeft(id, { hasSpawned }) {
    // Nothing outlives its job.
    if (hasSpawned) endMarked(runMark, runOf(id));
  },
});

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
  if (running.size === 0) {
    // Not before: the attempts beside it have done nothing wrong.
    if (threads.hasStuck) process.exit(exitCodes.stuck);
    return;
  }
  const limits = [...running.values()].map(({ memoryLimit }) => memoryLimit);
  if (process.memoryUsage.rss() > allowedBytes(limits)) process.exit(exitCodes.memory);
}, memoryIntervalMs);

async function run(id: number, task: Task): Promise<void> {
  const memoryLimit = task.work.type === 'module' ? task.work.memoryLimit : 0;
  const one = { memoryLimit, ask: new AbortController(), kill: new AbortController() };
  running.set(id, one);
  try {
    send({ type: 'ended', id, how: await perform(id, task, one) });
  } catch (error) {
    send(
      error instanceof ThreadCrash
        ? { type: 'crashed', id, error: error.error, isOutOfMemory: error.isOutOfMemory }
        : { type: 'crashed', id, error: jobError(error), isOutOfMemory: false },
    );
  } finally {
    running.delete(id);
  }
}

async function perform(id: number, task: Task, { ask, kill }: Running): Promise<TaskReturn> {
  const { work } = task;
  const tell = (message: Extract<FromHost, { type: 'said' }>['message']) =>
    send({ type: 'said', id, message });
  if (work.type === 'command') {
    return runCommand(task, work.command, { signal: ask.signal, killed: kill.signal, tell });
  }
  let stuck: NodeJS.Timeout | undefined;
  const watch = () => {
    stuck = setTimeout(() => process.exit(exitCodes.stuck), terminationMs);
  };
  kill.signal.addEventListener('abort', watch, { once: true });
  try {
    return await threads.run(id, { ...task, work }, { ask: ask.signal, kill: kill.signal, tell });
  } finally {
    clearTimeout(stuck);
  }
}
