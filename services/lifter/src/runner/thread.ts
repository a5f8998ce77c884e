/** Runs in a worker thread of a host: one attempt at a time. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { runAttempt, toldToEnd } from './attempt.js';
import { lineSplitter } from './lines.js';
import { logLimit } from './log-limit.js';
import type { FromHandler, OutputStream, TaskReturn, ThreadTask, ToThread } from './protocol.js';

type Said = (message: FromHandler) => void;

/** Where what is written to standard output and error goes; none between attempts. */
let current: Said | undefined;

capture('stdout');
capture('stderr');

export default async function runInThread({ port, ...task }: ThreadTask): Promise<TaskReturn> {
  if (task.work.type !== 'module') throw new TypeError('a thread runs modules alone');
  const tell: Said = (message) => port.postMessage(message);
  current = logLimit(tell);
  try {
    const { signal } = abortController(port);
    return await runAttempt(task, task.work.moduleUrl, { signal, tell });
  } finally {
    current = undefined;
    port.close();
  }
}

function abortController(port: MessagePort): AbortController {
  const controller = new AbortController();
  const obey = ({ abort }: ToThread) => controller.abort(toldToEnd(abort));
  // The order may have come while this thread was still starting.
  const early = receiveMessageOnPort(port);
  if (early) obey(early.message);
  port.on('message', obey);
  return controller;
}

/** Makes log lines of what a handler writes with `console.log`: the job's, and nobody else's. */
function capture(stream: OutputStream): void {
  const level = stream === 'stdout' ? 'info' : 'warn';
  const output = process[stream];
  const lines = lineSplitter((message) => current?.({ type: 'log', level, message, stream }));
  const { write } = output;
  output.write = (
    piece: string | Uint8Array,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    done?: (error?: Error | null) => void,
  ): boolean => {
    if (current === undefined) return write.call(output, piece);
    lines.push(piece);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
}
