export * from './errors.js';
export { elementCodec, jsonCodec, textCodec } from './pubsub/codecs.js';
export { discoverPubSub } from './pubsub/disco.js';
export { readForm, writeForm } from './pubsub/form.js';
export { connectPubSub } from './pubsub/service.js';
export type * from './pubsub/types.js';
export type * from './session/types.js';
export { createSession } from './session/session.js';
