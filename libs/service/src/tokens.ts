import type { Logger } from 'pino';
import { token } from './container.js';
import type { Health } from './health/health.js';
import type { Metrics } from './metrics/port.js';
import type { ServiceContext } from './process-control.js';
import type { Tracing } from './tracing/port.js';

// All of these are provided by `runService`.

export const LoggerToken = token<Logger>('Logger');
export const ServiceContextToken = token<ServiceContext>('ServiceContext');
/** Where to count and measure; forgets all if the configuration names no port for it. */
export const MetricsToken = token<Metrics>('Metrics');
/** Where to say what was done in the traces of jobs; forgets all if the configuration names no collector. */
export const TracingToken = token<Tracing>('Tracing');
/** Where a part says what it takes to be ready. */
export const HealthToken = token<Health>('Health');
