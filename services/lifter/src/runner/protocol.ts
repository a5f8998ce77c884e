import type { MessagePort } from 'node:worker_threads';
import type { JobError, Json, JsonObject } from '@heavylift/jobs';
import type { JobInfo, LogDetails, LogLevel } from '../handlers/context.js';

/** One attempt, as the lifter gives it to a thread. */
export interface ThreadTask {
  /** Where the handler is defined; the thread imports it once. */
  readonly moduleUrl: string;
  readonly handler: string;
  readonly args: JsonObject;
  readonly job: JobInfo;
  readonly attempt: number;
  /** For {@link ToThread} and {@link FromThread}, as long as the attempt lasts. */
  readonly port: MessagePort;
}

export interface ToThread {
  readonly abort: string;
}

export type FromThread =
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
    };

/** How the handler's `run` ended. */
export type ThreadReturn =
  | { readonly type: 'returned'; readonly value: Json }
  | { readonly type: 'threw'; readonly error: JobError }
  | { readonly type: 'released'; readonly reason: string };
