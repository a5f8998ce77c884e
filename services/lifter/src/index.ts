/** What authors of handlers import. It stays small: every thread and process that runs a handler loads it. */
export { LifterError, type LifterErrorCode } from './errors.js';
export * from './handlers/index.js';
