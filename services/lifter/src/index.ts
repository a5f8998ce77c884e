export { type LifterConfig, lifterOptions } from './config.js';
export * from './handlers/index.js';
