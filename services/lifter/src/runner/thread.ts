/**
 * Runs in a worker thread of a host: one attempt at a time, all of one handler. What happens in it is held to be the doing of the attempt
 * that brought it about (async context), whichever runs when it happens.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MessagePort, workerData } from 'node:worker_threads';
import type { JobError } from '@heavylift/jobs';
import { importHandlers, runAttempt, toldToEnd } from './attempt.js';
import { runMark, runOf } from './descendants.js';
import { jobError } from './errors.js';
import { lineSplitter } from './lines.js';
import { logLimit } from './log-limit.js';
import { markPrograms } from './mark-programs.js';
import type { FromHandler, FromThread, OutputStream, Task, ToThread } from './protocol.js';

interface Attempt {
  readonly id: number;
  readonly title: string;
  readonly controller: AbortController;
  readonly write: (piece: string | Uint8Array, stream: OutputStream) => void;
  readonly flush: () => void;
}

const port = portOf(workerData);
const attempts = new AsyncLocalStorage<Attempt>();
/** The one that runs. */
let current: Attempt | undefined;
/** Whether it has started programs. */
let hasSpawned = false;
/** What the module itself keeps open, once it has been imported. */
let ofModule: number | undefined;

// Handlers may replace them.
const { setImmediate } = globalThis;
const { exit, getActiveResourcesInfo } = process;
const post = (message: FromThread) => port.postMessage(message);
const turn = () => new Promise((resolve) => setImmediate(resolve));

port.on('message', (order: ToThread) => {
  if (order.type === 'run') void run(order.id, order.task);
  else if (current?.id === order.id) current.controller.abort(toldToEnd(order.reason));
});

async function run(id: number, task: Task): Promise<void> {
  if (task.work.type !== 'module') throw new TypeError('a thread runs modules alone');
  const { moduleUrl } = task.work;
  const tell = (message: FromHandler) => post({ type: 'said', id, message });
  const attempt: Attempt = {
    id,
    title: `attempt ${task.attempt} of job #${task.job.number}`,
    controller: new AbortController(),
    ...outputOf(logLimit(tell)),
  };
  current = attempt;
  hasSpawned = false;
  // All that it starts carries it.
  process.env[runMark] = runOf(id);
  // Not in the attempt's context: what the module begins by itself is no attempt's.
  await importHandlers(moduleUrl).catch(() => undefined);
  ofModule ??= active();
  const { signal } = attempt.controller;
  const how = await attempts.run(attempt, () => runAttempt(task, moduleUrl, { signal, tell }));
  // A rejection that nobody handles is known of by then.
  await turn();
  if (current !== attempt) return;
  attempt.flush();
  current = undefined;
  post({ type: 'ended', id, how, left: { isClean: active() <= ofModule, hasSpawned } });
}

/** How many things keep the thread's event loop going. */
function active(): number {
  return getActiveResourcesInfo.call(process).filter((type) => type !== 'Immediate').length;
}

function outputOf(log: (message: FromHandler) => void): Pick<Attempt, 'write' | 'flush'> {
  const lines = {
    stdout: lineSplitter((message) =>
      log({ type: 'log', level: 'info', message, stream: 'stdout' }),
    ),
    stderr: lineSplitter((message) =>
      log({ type: 'log', level: 'warn', message, stream: 'stderr' }),
    ),
  };
  return {
    write: (piece, stream) => lines[stream].push(piece),
    flush() {
      lines.stdout.end();
      lines.stderr.end();
    },
  };
}

/** Whose doing is what happens now: of the attempt that runs, or of somebody who has no part in it. */
function isOfCurrent(): boolean {
  const origin = attempts.getStore();
  return current !== undefined && (origin === current || origin === undefined);
}

function origin(): string {
  return attempts.getStore()?.title ?? 'the module itself';
}

// A rejection that nobody handles becomes one of these, too.
process.on('uncaughtException', (error) => {
  const described = jobError(error);
  if (isOfCurrent()) {
    crash(described);
    return;
  }
  const { class: name, message } = described;
  post({ type: 'stray', what: `${origin()} threw when it had ended: ${name}: ${message}` });
});

function crash(error: JobError): void {
  if (current === undefined) return;
  current.flush();
  post({ type: 'crashed', id: current.id, error });
  current = undefined;
}

process.exit = (code): never => {
  const call = `process.exit(${code ?? ''})`;
  if (!isOfCurrent()) throw new Error(`${call} is ignored: ${origin()} has ended`);
  crash({ class: 'Exit', message: `it called ${call}` });
  return exit.call(process, 0);
};

markPrograms(runMark, () => {
  hasSpawned = true;
});
capture('stdout');
capture('stderr');

/** Makes log lines of what a handler writes with `console.log`: the job's, and nobody else's. */
function capture(stream: OutputStream): void {
  const output = process[stream];
  const { write } = output;
  output.write = (
    piece: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    // What is nobody's becomes a line of the lifter's own log.
    if (current === undefined || !isOfCurrent()) return write.call(output, piece);
    current.write(piece, stream);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
}

function portOf(data: unknown): MessagePort {
  if (typeof data === 'object' && data !== null && 'port' in data) {
    if (data.port instanceof MessagePort) return data.port;
  }
  throw new TypeError('a thread is given a port');
}
