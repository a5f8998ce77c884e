import type { Session } from '@heavylift/xmpp-pubsub';
import { serviceMetrics } from '../metrics/catalogue.js';
import type { Metrics } from '../metrics/port.js';
import type { Health } from './health.js';

/**
 * Counts a session's connections, and makes its being online a condition of readiness.
 * @param name tells the sessions of one service apart
 * @returns ends it
 */
export function watchSession(
  session: Session,
  name: string,
  { metrics, health }: { readonly metrics: Metrics; readonly health: Health },
): () => void {
  const labels = { session: name };
  const isOnline = () => session.status === 'online';
  const endings = [
    health.require(`session ${name}`, () => (isOnline() ? undefined : session.status)),
    metrics.watch(serviceMetrics.online, () => [{ labels, value: isOnline() ? 1 : 0 }]),
    session.on('online', () => metrics.count(serviceMetrics.connected, labels)),
    session.on('offline', ({ error }) =>
      metrics.count(serviceMetrics.disconnected, { ...labels, code: error.code }),
    ),
  ];
  return () => {
    for (const end of endings) end();
  };
}
