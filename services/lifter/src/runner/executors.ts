import type { Isolation } from '../handlers/define.js';
import { runAttempt, toldToEnd } from './attempt.js';
import type { HandlersProcess } from './environment.js';
import { type Control, HostDied, type HostProcess, startHostProcess } from './host-process.js';
import { exitCodes, type OutputStream, type Task, type TaskReturn } from './protocol.js';

/** The ways to run a task. */
export interface Executors {
  /** Rejects if what ran it is gone. */
  run(isolation: Isolation, task: Task, control: Control): Promise<TaskReturn>;
  stop(): Promise<void>;
}

export interface ExecutorsOptions extends HandlersProcess {
  readonly slots: number;
  readonly onOutput: (line: string, stream: OutputStream) => void;
  readonly onRestarted: (task: Task) => void;
  /** @default never */
  readonly idleMs?: number;
  readonly programs: URL;
}

/** Beyond what a host takes to find out that a thread is stuck. */
const killTimeoutMs = 750;

export function createExecutors(options: ExecutorsOptions): Executors {
  const { slots, onOutput, onRestarted, idleMs, programs, user } = options;
  const as: HandlersProcess = user === undefined ? {} : { user };
  const solos = new Set<HostProcess>();

  const startHost = () =>
    startHostProcess({
      program: new URL('host.js', programs),
      ...as,
      args: [String(slots)],
      onOutput,
      killTimeoutMs,
    });
  // Commands have a host without handlers, which could bring it down.
  const threads = startedAgain(startHost, idleMs);
  const commands = startedAgain(startHost, idleMs);
  // The first job need not wait for it.
  threads.start();

  async function runInThread(task: Task, control: Control): Promise<TaskReturn> {
    try {
      return await threads.run(task, control);
    } catch (error) {
      if (!(error instanceof HostDied) || control.isAsked()) throw error;
      // The stuck thread was another one's, which has ended: nobody tells this one to.
      const isStuck = error.death.code === exitCodes.stuck;
      if (error.casualties === 1 && !isStuck) throw error;
      // Whose fault it was cannot be told. So each starts over, alone: the one that does it again harms nobody else then.
      onRestarted(task);
      return runAlone(task, control);
    }
  }

  async function runAlone(task: Task, control: Control): Promise<TaskReturn> {
    const solo = startHostProcess({
      ...as,
      program: new URL('solo.js', programs),
      onOutput: (message, stream) =>
        control.tell({
          type: 'log',
          level: stream === 'stdout' ? 'info' : 'warn',
          message,
          stream,
        }),
      // It has no loop of its own to obey with: the handler may be blocking it.
      killTimeoutMs: 0,
    });
    solos.add(solo);
    try {
      return await solo.run(task, control);
    } finally {
      await solo.stop();
      solos.delete(solo);
    }
  }

  return {
    run(isolation, task, control) {
      if (task.work.type === 'command') return commands.run(task, control);
      switch (isolation) {
        case 'thread':
          return runInThread(task, control);
        case 'process':
          return runAlone(task, control);
        case 'inline':
          return runInline(task, task.work.moduleUrl, control);
      }
    },
    async stop() {
      await Promise.all([...solos, threads, commands].map((host) => host.stop()));
    },
  };
}

/** A process that is started when it is needed, again when it is gone, and ended when it is idle: it takes some 50 MB. */
function startedAgain(startHost: () => HostProcess, idleMs?: number) {
  let host: HostProcess | undefined;
  let tasks = 0;
  let idle: NodeJS.Timeout | undefined;

  function start(): HostProcess {
    if (host === undefined || host.isGone) host = startHost();
    waitForWork();
    return host;
  }

  function waitForWork(): void {
    clearTimeout(idle);
    if (idleMs !== undefined && tasks === 0) idle = setTimeout(stop, idleMs).unref();
  }

  async function stop(): Promise<void> {
    clearTimeout(idle);
    const ending = host;
    host = undefined;
    await ending?.stop();
  }

  return {
    start,
    async run(task: Task, control: Control): Promise<TaskReturn> {
      tasks += 1;
      try {
        return await start().run(task, control);
      } finally {
        tasks -= 1;
        waitForWork();
      }
    },
    stop,
  };
}

/**
 * In the lifter's own process. There nothing can end it: as long as it goes on, it is an attempt that runs. To say anything else
 * would let another attempt start beside it.
 */
function runInline(task: Task, moduleUrl: string, { obey, tell }: Control): Promise<TaskReturn> {
  const controller = new AbortController();
  const disobey = obey({
    ask: (reason) => controller.abort(toldToEnd(reason)),
    // That it is overdue is all that can be said.
    kill: () => undefined,
  });
  return runAttempt(task, moduleUrl, { signal: controller.signal, tell }).finally(disobey);
}
