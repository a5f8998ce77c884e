/** What it takes to run a handler's module, wherever that is done. It imports next to nothing, so that a thread starts fast. */
import { inspect } from 'node:util';
import type { HandlerContext, HandlerLog, LogLevel } from '../handlers/context.js';
import type { Handler } from '../handlers/define.js';
import { isReleaseError } from '../handlers/errors.js';
import { examine } from '../handlers/module.js';
import { provideOwnPackage } from '../handlers/own-package.js';
import { importForgivingly } from '../handlers/refusal.js';
import { type Latest, latest } from '../latest.js';
import { jobError } from './errors.js';
import { toJson } from './json.js';
import { plainLine } from './log-details.js';
import { logLimit } from './log-limit.js';
import type { FromHandler, Task, TaskReturn } from './protocol.js';
import { textOf } from './text.js';

/** A handler may report progress from a tight loop; the lifter need not hear of each step. */
const progressIntervalMs = 100;
const longestNote = 500;

type Progress = Extract<FromHandler, { type: 'progress' }>;

/** The side of the handler. */
export interface Channel {
  readonly signal: AbortSignal;
  readonly tell: (message: FromHandler) => void;
}

const modules = new Map<string, Promise<readonly Handler[]>>();

/** Imports the handler's module, once, and runs one attempt. Never rejects. */
export async function runAttempt(
  task: Task,
  moduleUrl: string,
  { signal, tell }: Channel,
): Promise<TaskReturn> {
  const progress = latest<Progress>(progressIntervalMs, tell);
  const log = logLimit(tell);
  try {
    const handler = await findHandler(moduleUrl, task.handler);
    signal.throwIfAborted();
    const result = await handler.run(task.args, context(task, signal, progress, log));
    return { type: 'returned', value: toJson(result) };
  } catch (error) {
    return thrown(error);
  } finally {
    progress.close();
  }
}

export function thrown(error: unknown): TaskReturn {
  const described = jobError(error);
  return isReleaseError(error)
    ? { type: 'released', reason: described.message }
    : { type: 'threw', error: described };
}

/** The reason of a handler's signal. */
export function toldToEnd(reason: string): DOMException {
  return new DOMException(`the attempt is to end: ${reason}`, 'AbortError');
}

/** The handlers of a module, which is imported once. */
export function importHandlers(moduleUrl: string): Promise<readonly Handler[]> {
  const known = modules.get(moduleUrl);
  if (known !== undefined) return known;
  provideOwnPackage(moduleUrl);
  const loading = importForgivingly(moduleUrl).then((module) => examine(module).handlers);
  modules.set(moduleUrl, loading);
  return loading;
}

async function findHandler(moduleUrl: string, name: string): Promise<Handler> {
  const found = (await importHandlers(moduleUrl)).find((handler) => handler.name === name);
  if (!found) throw new Error(`${moduleUrl} defines no handler '${name}'`);
  return found;
}

function context(
  { job, attempt }: Task,
  signal: AbortSignal,
  progress: Latest<Progress>,
  log: (message: FromHandler) => void,
): HandlerContext {
  const logAt =
    (level: LogLevel): HandlerLog[LogLevel] =>
    (message, details) =>
      log({ type: 'log', level, ...plainLine(message, details) });
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
      progress.push({
        type: 'progress',
        done,
        total,
        ...(note !== undefined && { note: textOf(note, longestNote) }),
      });
    },
  };
}
