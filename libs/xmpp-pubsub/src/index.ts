export * from './errors.js';
export type * from './pubsub/types.js';
export type * from './session/types.js';
