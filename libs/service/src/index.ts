export {
  logLevels,
  logOptions,
  type PubSubConfig,
  pubsubJid,
  pubsubOptions,
  sessionOptions,
  type XmppConfig,
  xmppOptions,
} from './config/common.js';
export { type ConfigSources, loadConfig } from './config/load.js';
export { nearest } from './config/nearest.js';
export {
  type Config,
  describeOptions,
  type Option,
  type OptionDescription,
  optional,
  required,
  type Schema,
  withDefault,
} from './config/option.js';
export * from './config/values.js';
export {
  type Composition,
  composeModules,
  defineModule,
  type Provide,
  type Token,
  token,
} from './container.js';
export * from './errors.js';
export { type HandlerCatalogue, replicateHandlers } from './handler-catalogue.js';
export { type Lifecycle, type StartOptions, type Stop, startInOrder } from './lifecycle.js';
export { createLogger, type Logger, type LoggerOptions, sessionLog } from './logging.js';
export { createOutbox, type Outbox, type OutboxOptions } from './outbox.js';
export { exitCodes, type ServiceContext } from './process-control.js';
export { runService, type ServiceDefinition, type ServiceParts } from './run-service.js';
export { LoggerToken, ServiceContextToken } from './tokens.js';
export { trustPublishers } from './trust.js';
export { within } from './within.js';
export { PubSubToken, SessionPartToken, SessionToken, xmppModule } from './xmpp/module.js';
export {
  availability,
  keepPresence,
  type Presence,
  type PresenceOptions,
} from './xmpp/presence.js';
export { type SessionPartOptions, sessionPart } from './xmpp/session-part.js';
