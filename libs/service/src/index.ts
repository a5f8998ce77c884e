export { type AboutJob, aboutJob, spanAttributes } from './about-job.js';
export {
  logLevels,
  logOptions,
  type PubSubConfig,
  pubsubJid,
  pubsubOptions,
  resultsOptions,
  sessionOptions,
  type XmppConfig,
  xmppOptions,
} from './config/common.js';
export { type ConfigSources, type EffectiveValue, loadConfig } from './config/load.js';
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
export { createHealth, type Health, type HealthReport } from './health/health.js';
export { watchNodes } from './health/nodes.js';
export { watchSession } from './health/session.js';
export { type Ignore, type IgnoredReason, ignoring } from './ignored.js';
export { standForOffice } from './leadership/candidacy.js';
export { LEADER_NAMESPACE, type LeaderRole, leaderMark } from './leadership/mark.js';
export type {
  Candidacy,
  CandidacyOptions,
  Leader,
  LeadershipTimings,
  Office,
} from './leadership/types.js';
export { type Lifecycle, type StartOptions, type Stop, startInOrder } from './lifecycle.js';
export { createLogger, type Logger, type LoggerOptions, sessionLog } from './logging.js';
export {
  dispatcherMetrics,
  lifterMetrics,
  metricCatalogue,
  notifierMetrics,
  serviceMetrics,
} from './metrics/catalogue.js';
export {
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type Metric,
  type Metrics,
  noMetrics,
  type Reading,
} from './metrics/port.js';
export { createPrometheusMetrics, type PrometheusMetrics } from './metrics/prometheus.js';
export { onceATurn } from './once-a-turn.js';
export { createOutbox, type Outbox, type OutboxOptions } from './outbox.js';
export { exitCodes, type ServiceContext } from './process-control.js';
export { randomBytes } from './random.js';
export {
  processOptions,
  runService,
  type ServiceDefinition,
  type ServiceParts,
} from './run-service.js';
export { createSparing, type Spare, spareDetails } from './sparing.js';
export { createSteadyClock } from './steady-clock.js';
export {
  HealthToken,
  LoggerToken,
  MetricsToken,
  ServiceContextToken,
  TracingToken,
} from './tokens.js';
export { noTracing, type Span, type Tracing } from './tracing/port.js';
export { isTraceparent, newTraceparent, traceIdOf } from './tracing/traceparent.js';
export { trustNamesakes, trustPublishers, trustResults } from './trust.js';
export { within } from './within.js';
export { forwardToBare, unwrapForwarded } from './xmpp/forwarding.js';
export { PubSubToken, SessionPartToken, SessionToken, xmppModule } from './xmpp/module.js';
export {
  availability,
  keepPresence,
  type Presence,
  type PresenceOptions,
} from './xmpp/presence.js';
export { type SessionPartOptions, sessionPart } from './xmpp/session-part.js';
export { obeyShutdownOrders } from './xmpp/shutdown-order.js';
