/** What the lifter and the processes that run handlers say to each other. */
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

/** From a host to one of its threads; `id` names the attempt. A thread runs one at a time. */
export type ToThread =
  | { readonly type: 'run'; readonly id: number; readonly task: Task }
  | { readonly type: 'abort'; readonly id: number; readonly reason: string };

export type FromThread =
  | { readonly type: 'said'; readonly id: number; readonly message: FromHandler }
  | { readonly type: 'ended'; readonly id: number; readonly how: TaskReturn; readonly left: Left }
  /** The attempt is over, and the thread is of no more use. */
  | { readonly type: 'crashed'; readonly id: number; readonly error: JobError }
  /** An earlier attempt, or the module itself, still does something. The thread is to be replaced. */
  | { readonly type: 'stray'; readonly what: string };

/** What an attempt leaves behind. */
export interface Left {
  /** Nothing that would go on in the thread. */
  readonly isClean: boolean;
  /** It has started programs. */
  readonly hasSpawned: boolean;
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
  | {
      readonly type: 'crashed';
      readonly id: number;
      readonly error: JobError;
      /** V8 ended it at its memory limit. */
      readonly isOutOfMemory: boolean;
    };

/** Why a process that runs tasks has ended itself, as its exit code. */
export const exitCodes = {
  /** More memory than all that runs in it may have. */
  memory: 87,
  /** A thread that was terminated did not end. */
  stuck: 88,
  /** What it was to obey is gone. */
  orphaned: 89,
} as const;

/**
 * The file descriptor at which such a process says why it ends itself by a signal, which says nothing: nobody can tell a
 * SIGKILL of its own from one by the system.
 */
export const reasonPipe = 4;
