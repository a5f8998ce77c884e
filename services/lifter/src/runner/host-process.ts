import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { JobError } from '@heavylift/jobs';
import { within } from '@heavylift/service';
import { endMarked, hostMark } from './descendants.js';
import { type HandlersProcess, processOptions } from './environment.js';
import { lineSplitter } from './lines.js';
import {
  type FromHandler,
  type FromHost,
  type OutputStream,
  reasonPipe,
  type Task,
  type TaskReturn,
  type ToHost,
} from './protocol.js';

/** How one task is steered. Lighter than signals: nearly every task ends by itself. */
export interface Control {
  /** Whether the handler has been asked to end. */
  readonly isAsked: () => boolean;
  /** Whoever runs the task takes its orders so; those given before it gets at once. @returns what ends that */
  readonly obey: (orders: Orders) => () => void;
  readonly tell: (message: FromHandler) => void;
}

export interface Orders {
  /** Asks the handler to end. */
  readonly ask: (reason: string) => void;
  /** Ends it, whether it wants or not. */
  readonly kill: () => void;
}

/** A process that runs tasks, as the lifter sees it. */
export interface HostProcess {
  readonly isGone: boolean;
  /**
   * Runs a task.
   * @throws TaskCrash if what ran it is gone, {@link HostDied} if the whole process is
   */
  run(task: Task, control: Control): Promise<TaskReturn>;
  /** Ends the process and all that runs in it. */
  stop(): Promise<void>;
}

export class TaskCrash extends Error {
  override readonly name = 'TaskCrash';
  readonly error: JobError;
  readonly isOutOfMemory: boolean;

  constructor(error: JobError, isOutOfMemory: boolean) {
    super(error.message);
    this.error = error;
    this.isOutOfMemory = isOutOfMemory;
  }
}

/** How a process ended. */
export interface Death {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  readonly lastWords: string;
  /** Why it has ended itself by a signal, if it has. */
  readonly reason: string;
}

export class HostDied extends Error {
  override readonly name = 'HostDied';
  readonly death: Death;
  /** Tasks that ran in it. */
  readonly casualties: number;

  constructor(death: Death, casualties: number) {
    super(`the process ended: ${death.signal ?? `exit code ${death.code}`}`);
    this.death = death;
    this.casualties = casualties;
  }
}

export interface HostProcessOptions extends HandlersProcess {
  readonly program: URL;
  readonly args?: readonly string[];
  /** What is written to its standard output and error, line by line. */
  readonly onOutput: (line: string, stream: OutputStream) => void;
  /** Time for it to end a task that it was told to kill; then it is killed itself. */
  readonly killTimeoutMs: number;
}

interface Running {
  readonly tell: (message: FromHandler) => void;
  readonly settle: (how: Promise<TaskReturn>) => void;
}

const lastWordsLength = 4_096;
const lastWordsMs = 500;

export function startHostProcess(options: HostProcessOptions): HostProcess {
  const { program, args = [], onOutput, killTimeoutMs } = options;
  const mark = randomBytes(12).toString('hex');
  const spawning = processOptions(options);
  const child = fork(fileURLToPath(program), args, {
    ...spawning,
    env: { ...spawning.env, [hostMark]: mark },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
  });
  const running = new Map<number, Running>();
  let lastId = 0;
  let lastWords = '';
  let reason = '';
  let isGone = false;

  listen(child, 'stdout', (line) => onOutput(line, 'stdout'));
  listen(child, 'stderr', (line) => {
    lastWords = `${lastWords}${line}\n`.slice(-lastWordsLength);
    onOutput(line, 'stderr');
  });
  child.stdio[reasonPipe]?.on('data', (piece: Buffer) => {
    reason = `${reason}${piece}`.slice(-lastWordsLength);
  });
  child.on('message', (message: FromHost) => {
    const task = running.get(message.id);
    if (message.type === 'said') task?.tell(message.message);
    else if (message.type === 'ended') task?.settle(Promise.resolve(message.how));
    else task?.settle(Promise.reject(new TaskCrash(message.error, message.isOutOfMemory)));
  });
  // Sending fails while it dies; that it is dead is seen below.
  child.on('error', () => undefined);
  const closed = bury();
  // It does not keep the lifter from ending.
  child.unref();
  child.channel?.unref();

  const send = (order: ToHost) => {
    if (child.connected) child.send(order, () => undefined);
  };

  async function bury(): Promise<void> {
    const silent = Promise.all([
      new Promise((resolve) => child.once('close', resolve)),
      new Promise((resolve) => child.once('disconnect', resolve)),
    ]);
    // Without a process there is nothing that could end.
    const { code, signal } =
      child.pid === undefined ? { code: null, signal: null } : await exit(child);
    isGone = true;
    killGroup();
    endMarked(hostMark, mark);
    // What it said last is still on its way. A grandchild of a group of its own may hold the pipes for ever.
    await within(lastWordsMs, silent);
    const died = new HostDied({ code, signal, lastWords, reason }, running.size);
    for (const { settle } of running.values()) settle(Promise.reject(died));
  }

  function killGroup(): void {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // There is nobody left in it.
    }
  }

  return {
    get isGone() {
      return isGone || !child.connected;
    },
    async run(task, { obey, tell }) {
      const id = ++lastId;
      let overdue: NodeJS.Timeout | undefined;
      const ended = new Promise<TaskReturn>((resolve) =>
        running.set(id, { tell, settle: resolve }),
      );
      send({ type: 'run', id, task });
      const disobey = obey({
        ask: (reason) => send({ type: 'abort', id, reason }),
        kill() {
          send({ type: 'kill', id });
          overdue = setTimeout(killGroup, killTimeoutMs);
        },
      });
      try {
        return await ended;
      } finally {
        running.delete(id);
        clearTimeout(overdue);
        disobey();
      }
    },
    stop() {
      killGroup();
      return closed;
    },
  };
}

type Exit = Pick<Death, 'code' | 'signal'>;

/** Unlike `once` of `node:events` it does not take an error, of sending to a process that is dying, for the end. */
const exit = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));

function listen(child: ChildProcess, stream: OutputStream, onLine: (line: string) => void): void {
  const lines = lineSplitter(onLine);
  child[stream]?.on('data', lines.push).on('end', lines.end);
}
