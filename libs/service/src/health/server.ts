import { createServer, type RequestListener, type Server } from 'node:http';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Health } from './health.js';
import { isExpectedHost } from './hosts.js';

export interface HealthServerOptions {
  readonly host: string;
  /** 0 for any that is free; the log tells which. */
  readonly port: number;
  /** Names by which it may be asked, besides its own address. @default no others */
  readonly allowedHosts?: readonly string[];
  readonly health: Health;
  /** What `/metrics` says. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly log: Logger;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * - `/livez`: 200 as long as the process answers at all.
 * - `/readyz`: 200 if the service does its work, else 503; the body says what is in the way.
 * - `/metrics`: in the text format of Prometheus.
 */
export function healthServer(options: HealthServerOptions): Lifecycle {
  const { host, port, log } = options;
  const server = createServer({ requestTimeout: 5_000 }, listener(options));
  return {
    name: 'health',
    async start() {
      await listen(server, host, port);
      log.info({ url: urlOf(server) }, 'serving health and metrics');
      server.on('error', (error) => log.error({ err: error }, 'health server failed'));
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Scrapers keep their connections for the next time.
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = `HEALTH_HOST ${host}, HEALTH_PORT ${port}`;
      reject(new Error(`cannot listen at ${where}: ${messageOf(error)}`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return String(address);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

function listener({
  host,
  allowedHosts = [],
  health,
  metrics,
  log,
}: HealthServerOptions): RequestListener {
  async function answerTo(path: string): Promise<Answer> {
    switch (path) {
      case '/livez':
        return json(200, { live: true });
      case '/readyz': {
        const report = health.report();
        return json(report.ready ? 200 : 503, report);
      }
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.text() };
      default:
        return json(404, { paths: ['/livez', '/readyz', '/metrics'] });
    }
  }

  const allowed = [host, ...allowedHosts];
  return ({ method, url = '/', headers, socket }, response) => {
    const asked = method === 'GET' || method === 'HEAD';
    const isExpected = isExpectedHost(headers.host, { address: socket.localAddress, allowed });
    const answer = async () => {
      if (!isExpected) return unexpected(headers.host);
      return asked ? answerTo(url.replace(/\?.*/s, '')) : json(405, { allowed: ['GET', 'HEAD'] });
    };
    answer()
      .catch((error: unknown) => {
        log.error({ err: error, url }, 'health request failed');
        return json(500, { failed: 'see the log' });
      })
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(method === 'HEAD' ? undefined : body);
      })
      .catch((error: unknown) => log.warn({ err: error, url }, 'health answer not sent'));
  };
}

/** RFC 9110 section 15.5.20. */
const unexpected = (host = ''): Answer =>
  json(421, {
    refused: `asked for as ${host}, which is none of this service's names; if it is one, add it to HEALTH_ALLOWED_HOSTS`,
  });

const json = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});
