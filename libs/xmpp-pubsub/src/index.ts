export * from './errors.js';
export {
  accountOf,
  type BareJid,
  type Jid,
  normalDomain,
  normalLocal,
  parseJid,
  readJid,
  toBareJid,
} from './jid.js';
export { elementCodec, jsonCodec, textCodec } from './pubsub/codecs.js';
export { discoverPubSub } from './pubsub/disco.js';
export { readForm, writeForm } from './pubsub/form.js';
export { announceInterest, type Interest, type InterestOptions } from './pubsub/interest.js';
export { connectPubSub } from './pubsub/service.js';
export { createTurns } from './pubsub/turns.js';
export type * from './pubsub/types.js';
export { createSession } from './session/session.js';
export type * from './session/types.js';
