import {
  connectPubSub,
  createSession,
  type Ignored,
  type PubSubService,
  type Session,
  type SessionOptions,
} from '@heavylift/xmpp-pubsub';
import type { ContainerModule } from 'inversify';
import { type PubSubConfig, pubsubJid, sessionOptions, type XmppConfig } from '../config/common.js';
import { defineModule, token } from '../container.js';
import { watchNodes } from '../health/nodes.js';
import type { IgnoredReason } from '../ignored.js';
import type { Lifecycle } from '../lifecycle.js';
import { sessionLog } from '../logging.js';
import { serviceMetrics } from '../metrics/catalogue.js';
import { HealthToken, LoggerToken, MetricsToken, ServiceContextToken } from '../tokens.js';
import { sessionPart } from './session-part.js';

export const SessionToken = token<Session>('Session');
export const PubSubToken = token<PubSubService>('PubSubService');
/** To be started before whatever uses the session. */
export const SessionPartToken = token<Lifecycle>('Lifecycle of the session');

/**
 * The session of the configured account, and the PubSub service over it. Nothing is sent before `SessionPartToken` is started.
 * @param overrides what the service decides and not the configuration, e.g. its resource
 */
export function xmppModule(
  config: XmppConfig & PubSubConfig,
  overrides: Partial<SessionOptions> = {},
): ContainerModule {
  return defineModule((provide) => {
    provide(SessionToken, [LoggerToken], (log) =>
      createSession({ ...sessionOptions(config, sessionLog(log)), ...overrides }),
    );
    provide(
      PubSubToken,
      [SessionToken, LoggerToken, MetricsToken, HealthToken],
      (session, log, metrics, health) =>
        watchNodes(
          connectPubSub(session, {
            jid: pubsubJid(config),
            log: sessionLog(log),
            onIgnored: (ignored) =>
              metrics.count(serviceMetrics.ignored, labelsOf(ignored, config)),
          }),
          health,
        ),
    );
    provide(
      SessionPartToken,
      [SessionToken, LoggerToken, ServiceContextToken, MetricsToken, HealthToken],
      (session, log, { fail }, metrics, health) =>
        sessionPart(session, { log, onEnd: fail, watch: { metrics, health } }),
    );
  });
}

const reasons = {
  'malformed-event': 'malformed',
  'malformed-item': 'malformed',
  'foreign-event': 'foreign',
} as const satisfies Record<Ignored['reason'], IgnoredReason>;

function labelsOf({ reason, node = 'event' }: Ignored, { NODE_PREFIX }: PubSubConfig) {
  const source = node.startsWith(NODE_PREFIX) ? node.slice(NODE_PREFIX.length) : node;
  return { source, reason: reasons[reason] };
}
