/** What the lifter and the processes that run handlers say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { JobError, Json, JsonObject } from '@heavylift/jobs';
import type { Command } from '../commands/command.js';
import type { JobInfo, LogDetails, LogLevel } from '../handlers/context.js';

/** Where the work is defined. */
export type Work =
  /** By a handler of that name in a module, which is imported where it runs. */
  | { readonly type: 'module'; readonly moduleUrl: string; readonly memoryLimit: number }
  /** By a program. */
  | { readonly type: 'command'; readonly command: Command };

/** One attempt, as it is given to a process. */
export interface Task {
  readonly handler: string;
  readonly work: Work;
  readonly args: JsonObject;
  readonly job: JobInfo;
  readonly attempt: number;
}

/** What a handler says while it runs. */
export type FromHandler =
  | {
      readonly type: 'progress';
      readonly done: number;
      readonly total: number;
      readonly note?: string;
    }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly details?: LogDetails;
      /** It was not logged but written to standard output or error. */
      readonly stream?: OutputStream;
    };

export type OutputStream = 'stdout' | 'stderr';

/** How the handler's `run` ended. */
export type TaskReturn =
  | { readonly type: 'returned'; readonly value: Json }
  | { readonly type: 'threw'; readonly error: JobError }
  | { readonly type: 'released'; readonly reason: string };

/** A task as a host gives it to one of its threads. */
export interface ThreadTask extends Task {
  /** For {@link ToThread} and {@link FromHandler}, as long as the attempt lasts. */
  readonly port: MessagePort;
}

export interface ToThread {
  readonly abort: string;
}

/** From the lifter to a process that runs tasks; `id` names the task, as long as it runs. */
export type ToHost =
  | { readonly type: 'run'; readonly id: number; readonly task: Task }
  /** Asks the handler to end. */
  | { readonly type: 'abort'; readonly id: number; readonly reason: string }
  /** Ends it, whether it wants or not. */
  | { readonly type: 'kill'; readonly id: number };

export type FromHost =
  | { readonly type: 'said'; readonly id: number; readonly message: FromHandler }
  | { readonly type: 'ended'; readonly id: number; readonly how: TaskReturn }
  /** Its thread is gone, or its program: the process is not. */
  | { readonly type: 'crashed'; readonly id: number; readonly error: JobError };

/** Why a process that runs tasks has ended itself, as its exit code. */
export const exitCodes = {
  /** More memory than all that runs in it may have. */
  memory: 87,
  /** A thread that was terminated did not end. */
  stuck: 88,
  /** What it was to obey is gone. */
  orphaned: 89,
} as const;
