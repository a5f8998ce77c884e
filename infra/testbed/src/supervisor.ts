import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ServiceProcess,
  type ServiceProcessOptions,
  startService,
} from './service-process.js';

/** A service that is started again whenever it ends, as systemd would. */
export interface SupervisedService {
  readonly name: string;
  /** The process that runs now, if one does. */
  readonly process: ServiceProcess | undefined;
  /** Sends the process a signal, if one runs. */
  signal(signal: NodeJS.Signals): void;
  /** Asks the process to end, and waits for it and for the next one to be started. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

export interface SupervisorOptions extends ServiceProcessOptions {
  readonly name: string;
  /** Time until it is started again, in milliseconds. @default 500 */
  readonly pauseMs?: number;
  /** Time to end after SIGTERM, in milliseconds. @default 15_000 */
  readonly graceMs?: number;
  readonly onStarted?: (pid: number) => void;
  readonly onEnded?: (pid: number, how: string) => void;
}

export async function supervise(options: SupervisorOptions): Promise<SupervisedService> {
  const { name, pauseMs = 500, graceMs = 15_000, onStarted, onEnded } = options;
  const stopping = new AbortController();
  let current: ServiceProcess | undefined;

  async function start(): Promise<ServiceProcess> {
    const started = await startService(options);
    current = started;
    onStarted?.(started.pid);
    if (stopping.signal.aborted) started.signal('SIGKILL');
    return started;
  }

  async function keepRunning(first: ServiceProcess): Promise<void> {
    for (let running = first; ; running = await start()) {
      const how = await running.ended;
      current = undefined;
      onEnded?.(running.pid, how);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
    }
  }

  async function end(running: ServiceProcess | undefined): Promise<void> {
    if (running === undefined) return;
    const force = setTimeout(() => running.signal('SIGKILL'), graceMs);
    running.signal('SIGTERM');
    running.signal('SIGCONT'); // a stopped process would not hear
    await running.ended;
    clearTimeout(force);
  }

  const done = keepRunning(await start());
  return {
    name,
    get process() {
      return current;
    },
    signal: (signal) => current?.signal(signal),
    async restart() {
      const old = current;
      await end(old);
      while (!stopping.signal.aborted && (current === undefined || current === old))
        await sleep(20);
    },
    async stop() {
      stopping.abort();
      await end(current);
      await done;
    },
  };
}
