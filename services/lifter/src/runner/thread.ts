/**
 * Runs in a worker thread: imports the handler's module and runs one attempt at a time.
 * It imports next to nothing, so that a thread starts fast.
 */
import { inspect } from 'node:util';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { HandlerContext, HandlerLog, LogLevel } from '../handlers/context.js';
import type { Handler } from '../handlers/define.js';
import { isReleaseError } from '../handlers/errors.js';
import { handlersOf } from '../handlers/module.js';
import { type Latest, latest } from '../latest.js';
import { jobError } from './errors.js';
import { toJson } from './json.js';
import type { FromThread, ThreadReturn, ThreadTask, ToThread } from './protocol.js';

/** A handler may report progress from a tight loop; the lifter need not hear of each step. */
const progressIntervalMs = 100;

type Progress = Extract<FromThread, { type: 'progress' }>;

const modules = new Map<string, Promise<readonly Handler[]>>();

export default async function runAttempt(task: ThreadTask): Promise<ThreadReturn> {
  const { port } = task;
  const tell = (message: FromThread) => port.postMessage(message);
  const progress = latest<Progress>(progressIntervalMs, tell);
  const abort = abortController(port);
  try {
    const handler = await findHandler(task);
    abort.signal.throwIfAborted();
    const result = await handler.run(task.args, context(task, abort.signal, progress, tell));
    return { type: 'returned', value: toJson(result) };
  } catch (error) {
    const { message, ...rest } = jobError(error);
    return isReleaseError(error)
      ? { type: 'released', reason: message }
      : { type: 'threw', error: { message, ...rest } };
  } finally {
    progress.close();
    port.close();
  }
}

async function findHandler({ moduleUrl, handler }: ThreadTask): Promise<Handler> {
  const loading = modules.get(moduleUrl) ?? import(moduleUrl).then(handlersOf);
  modules.set(moduleUrl, loading);
  const found = (await loading).find(({ name }) => name === handler);
  if (!found) throw new Error(`${moduleUrl} defines no handler '${handler}'`);
  return found;
}

function abortController(port: MessagePort): AbortController {
  const controller = new AbortController();
  const obey = ({ abort }: ToThread) =>
    controller.abort(new DOMException(`the attempt is to end: ${abort}`, 'AbortError'));
  // The order may have come while this thread was still starting.
  const early = receiveMessageOnPort(port);
  if (early) obey(early.message);
  port.on('message', obey);
  return controller;
}

function context(
  { job, attempt }: ThreadTask,
  signal: AbortSignal,
  progress: Latest<Progress>,
  tell: (message: FromThread) => void,
): HandlerContext {
  const logAt =
    (level: LogLevel): HandlerLog[LogLevel] =>
    (message, details) =>
      tell({ type: 'log', level, message, ...(details && { details }) });
  return {
    job,
    attempt,
    signal,
    log: {
      debug: logAt('debug'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    },
    progress(done, total, note) {
      if (!Number.isFinite(done) || !Number.isFinite(total)) {
        throw new TypeError(
          `progress takes two numbers, not ${inspect(done)} and ${inspect(total)}`,
        );
      }
      progress.push({ type: 'progress', done, total, ...(note !== undefined && { note }) });
    },
  };
}
