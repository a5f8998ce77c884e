/** The worker threads of a host. */
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { JobError } from '@heavylift/jobs';
import { jobError } from './errors.js';
import type { FromHandler, FromThread, Left, Task, TaskReturn, ToThread } from './protocol.js';

export interface Threads {
  /** A thread without an attempt does not end, though it was told to long ago. */
  readonly hasStuck: boolean;
  /**
   * Runs a task in a thread that has run nothing but this handler.
   * @throws ThreadCrash if the thread is gone
   */
  run(id: number, task: ModuleTask, control: ThreadControl): Promise<TaskReturn>;
}

export interface ThreadControl {
  /** Asks the handler to end; its reason is a text. */
  readonly ask: AbortSignal;
  /** Ends the thread. */
  readonly kill: AbortSignal;
  readonly tell: (message: FromHandler) => void;
}

export type ModuleTask = Task & { readonly work: { readonly type: 'module' } };

export interface ThreadsOptions {
  /** Threads that wait for work, at most. */
  readonly most: number;
  /** What no attempt that runs can be held to have done. */
  readonly onStray: (what: string) => void;
  /** The attempt is over; what it has started outside of the thread may go on. */
  readonly onLeft: (id: number, left: Pick<Left, 'hasSpawned'>) => void;
}

export class ThreadCrash extends Error {
  override readonly name = 'ThreadCrash';
  readonly error: JobError;
  readonly isOutOfMemory: boolean;

  constructor(error: JobError, isOutOfMemory = false) {
    super(error.message);
    this.error = error;
    this.isOutOfMemory = isOutOfMemory;
  }
}

interface Thread {
  /** The handler, and its module and limit. Another handler's jobs never come here. */
  readonly kind: string;
  readonly worker: Worker;
  readonly port: MessagePort;
  /** It does something that is nobody's, or has crashed. */
  isSpoilt: boolean;
  isGone: boolean;
  current?: Attempt;
  idle?: NodeJS.Timeout;
}

interface Attempt {
  readonly id: number;
  readonly tell: (message: FromHandler) => void;
  readonly resolve: (how: TaskReturn, left: Left) => void;
  readonly reject: (crash: ThreadCrash) => void;
}

/** Time for a terminated thread to be gone. One that is deep in native code ends only with the process. */
export const terminationMs = 500;
/** The same, where nobody waits for it. */
const patienceMs = 10_000;
/** An unused thread is let go after this. */
const idleTimeoutMs = 60_000;
const youngGenerationMiB = 16;
const program = fileURLToPath(new URL('./thread.js', import.meta.url));

export function createThreads(options: ThreadsOptions): Threads {
  const { most, onStray, onLeft } = options;
  const stuck = new Set<Thread>();
  /** The one that has waited longest first. */
  const waiting = new Set<Thread>();

  function start(kind: string, memoryLimit: number): Thread {
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(program, {
      workerData: { port: port2 },
      transferList: [port2],
      resourceLimits: {
        maxOldGenerationSizeMb: memoryLimit,
        maxYoungGenerationSizeMb: youngGenerationMiB,
      },
    });
    const thread: Thread = { kind, worker, port, isSpoilt: false, isGone: false };
    port.on('message', (message: FromThread) => hear(thread, message));
    worker.on('error', (error) => {
      thread.isSpoilt = true;
      crash(thread, new ThreadCrash(jobError(error), isOutOfMemory(error)));
    });
    // Its port closes after all that it has said has been heard.
    const silent = new Promise((resolve) => port.once('close', resolve));
    worker.once('exit', (code) => {
      drop(thread);
      void silent.then(() => {
        thread.isGone = true;
        crash(thread, new ThreadCrash({ class: 'Error', message: `exit code ${code}` }));
      });
    });
    return thread;
  }

  function hear(thread: Thread, message: FromThread): void {
    const { current } = thread;
    if (message.type === 'stray') {
      onStray(message.what);
      spoil(thread);
    } else if (current === undefined || current.id !== message.id) {
      // It came after its end.
    } else if (message.type === 'said') {
      current.tell(message.message);
    } else if (message.type === 'ended') {
      current.resolve(message.how, message.left);
    } else {
      thread.isSpoilt = true;
      current.reject(new ThreadCrash(message.error));
    }
  }

  function crash({ current }: Thread, as: ThreadCrash): void {
    current?.reject(as);
  }

  function spoil(thread: Thread): void {
    thread.isSpoilt = true;
    if (waiting.has(thread)) end(thread);
  }

  function drop(thread: Thread): void {
    waiting.delete(thread);
    clearTimeout(thread.idle);
  }

  function end(thread: Thread): void {
    drop(thread);
    const overdue = setTimeout(() => stuck.add(thread), patienceMs).unref();
    void thread.worker.terminate().finally(() => {
      clearTimeout(overdue);
      stuck.delete(thread);
    });
  }

  function take(kind: string, memoryLimit: number): Thread {
    const found = [...waiting].findLast((thread) => thread.kind === kind);
    if (found === undefined) return start(kind, memoryLimit);
    drop(found);
    return found;
  }

  function putBack(thread: Thread): void {
    if (thread.isSpoilt || thread.isGone) {
      end(thread);
      return;
    }
    waiting.add(thread);
    thread.idle = setTimeout(() => end(thread), idleTimeoutMs).unref();
    const [oldest] = waiting;
    if (waiting.size > most && oldest !== undefined) end(oldest);
  }

  return {
    get hasStuck() {
      return stuck.size > 0;
    },
    async run(id, task, { ask, kill, tell }) {
      const { moduleUrl, memoryLimit } = task.work;
      const thread = take(`${moduleUrl} ${task.handler} ${memoryLimit}`, memoryLimit);
      const send = (order: ToThread) => thread.port.postMessage(order);
      const abort = () => send({ type: 'abort', id, reason: String(ask.reason) });
      const terminate = () => {
        thread.isSpoilt = true;
        void thread.worker.terminate();
      };
      let left: Pick<Left, 'hasSpawned'> = { hasSpawned: true };
      try {
        return await new Promise<TaskReturn>((resolve, reject) => {
          thread.current = {
            id,
            tell,
            resolve(how, behind) {
              left = behind;
              if (!behind.isClean) thread.isSpoilt = true;
              resolve(how);
            },
            reject,
          };
          send({ type: 'run', id, task });
          ask.addEventListener('abort', abort, { once: true });
          if (ask.aborted) abort();
          kill.addEventListener('abort', terminate, { once: true });
          if (kill.aborted) terminate();
        });
      } finally {
        delete thread.current;
        ask.removeEventListener('abort', abort);
        kill.removeEventListener('abort', terminate);
        onLeft(id, left);
        putBack(thread);
      }
    },
  };
}

/** What a handler throws never comes this way: the thread hears of it first. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
