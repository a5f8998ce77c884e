import type { Logger } from 'pino';
import { token } from './container.js';
import type { ServiceContext } from './process-control.js';

/** Provided by `runService`. */
export const LoggerToken = token<Logger>('Logger');
/** Provided by `runService`. */
export const ServiceContextToken = token<ServiceContext>('ServiceContext');
