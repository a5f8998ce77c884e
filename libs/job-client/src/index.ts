export * from './errors.js';
export { connectJobs } from './jobs.js';
export type * from './types.js';
