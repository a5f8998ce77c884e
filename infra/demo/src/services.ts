import { type Provisioned, type ServiceRole, serviceEnv } from '@heavylift/provision';
import { DemoError } from './errors.js';
import type { RunLog } from './run-log.js';
import { type ServiceProcess, serviceMain, startService } from './service-process.js';

/** Nobody wants to wait for a job to end when he has said `exit`: what runs is handed back. */
const defaults = { LIFTER_DRAIN_SECONDS: '2' };

/** The services of a run. */
export interface Services {
  /** Grows while they are started, so that whatever has been started can be stopped. */
  readonly started: readonly ServiceProcess[];
  /** Starts a dispatcher, a notifier and a process for each lifter account. */
  start(provisioned: Provisioned, onStarted: (service: ServiceProcess) => void): Promise<void>;
  /** Resolves when all are ready. @throws DemoError if one ends before, or takes too long */
  ready(timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
}

export function createServices(log: RunLog): Services {
  const started: ServiceProcess[] = [];
  return {
    started,
    async start(provisioned, onStarted) {
      for (const { name, role, index } of plan(provisioned)) {
        const service = await startService({
          name,
          main: serviceMain(`@heavylift/${role}`),
          env: { ...defaults, ...serviceEnv(provisioned, role, index) },
          log,
        });
        started.push(service);
        onStarted(service);
      }
    },
    async ready(timeoutMs) {
      const late = new Set(started.map(({ name }) => name));
      const all = started.map(({ name, ready }) => ready.then(() => late.delete(name)));
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const names = [...late].join(' and ');
          reject(new DemoError(`Not ready after ${timeoutMs / 1000} s: ${names}.`));
        }, timeoutMs);
      });
      try {
        await Promise.race([Promise.all(all), timeout]);
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      await Promise.all(started.map((service) => service.stop()));
    },
  };
}

interface Planned {
  readonly name: string;
  readonly role: ServiceRole;
  readonly index: number;
}

function plan({ accounts }: Provisioned): readonly Planned[] {
  return [
    { name: 'dispatcher', role: 'dispatcher', index: 0 },
    { name: 'notifier', role: 'notifier', index: 0 },
    ...accounts.lifters.map(({ username }, index) => ({
      name: username,
      role: 'lifter' as const,
      index,
    })),
  ];
}
