import type { Logger } from 'pino';
import type { Lifecycle } from '../lifecycle.js';
import type { Health, HealthReport } from './health.js';

/** A service that is about to be ready is no news. */
const everyMs = 5_000;

/** Says in the log when a service is not ready, and what it waits for; and when it is ready again. */
export function readinessLog(health: Health, log: Pick<Logger, 'warn' | 'info'>): Lifecycle {
  let timer: NodeJS.Timeout | undefined;
  let said = '';
  function look(): void {
    const waitsFor = obstacles(health.report());
    const text = JSON.stringify(waitsFor);
    if (text === (said || '{}')) return;
    said = text;
    if (text === '{}') log.info('ready again');
    else log.warn({ waitsFor }, 'not ready');
  }
  return {
    name: 'readiness log',
    start: async () => {
      timer = setInterval(look, everyMs).unref();
    },
    stop: async () => clearInterval(timer),
  };
}

/** The conditions that are not met. */
const obstacles = ({ conditions }: HealthReport): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(conditions).filter(([, said]) => said !== 'ok'));
