import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { healthServer } from '../../src/health/server.js';
import {
  createHealth,
  createLogger,
  createPrometheusMetrics,
  type Lifecycle,
  serviceMetrics,
} from '../../src/index.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(host = '127.0.0.1', port = 0, allowedHosts: readonly string[] = []) {
  const lines: string[] = [];
  const log = createLogger({
    name: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  const health = createHealth();
  const metrics = createPrometheusMetrics((error) => {
    throw error;
  });
  const part: Lifecycle = healthServer({ host, port, allowedHosts, health, metrics, log });
  await part.start(new AbortController().signal);
  stops.push(() => part.stop());
  const [, url = ''] = /"url":"([^"]+)"/.exec(lines.join('')) ?? [];
  return { url, health, metrics, lines, part };
}

describe('the health server', () => {
  it('says that the process lives', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}/livez`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ live: true });
  });

  it('says whether the service is ready, and if not, what is in the way', async () => {
    const { url, health } = await serve();
    let complaint: string | undefined = 'starting';
    health.require('service', () => complaint);
    const withdraw = health.require('session xmpp', () => 'offline');
    const before = await fetch(`${url}/readyz`);
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({
      ready: false,
      conditions: { service: 'starting', 'session xmpp': 'offline' },
    });
    complaint = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    withdraw();
    const after = await fetch(`${url}/readyz?verbose`);
    expect(after.status).toBe(200);
    expect(await after.json()).toEqual({ ready: true, conditions: { service: 'ok' } });
  });

  it('gives the metrics as Prometheus reads them', async () => {
    const { url, metrics } = await serve();
    metrics.count(serviceMetrics.connected, { session: 'xmpp' });
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toContain('heavylift_session_connects_total{session="xmpp"} 1\n');
  });

  it('answers nothing else', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    const head = await fetch(`${url}/livez`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
  });

  it('listens at loopback unless told otherwise', async () => {
    const { url } = await serve();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('ends at once, even if somebody is in the middle of asking', async () => {
    const { url, part } = await serve();
    stops.length = 0;
    const { hostname, port } = new URL(url);
    const halfway = connect({ host: hostname, port: Number(port) });
    const closed = new Promise((resolve) => halfway.once('close', resolve));
    halfway.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      halfway.write('GET /livez HTTP/1.1\r\n', () => resolve());
    });
    // An answer to somebody else shows that the server has seen both.
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await part.stop();
    await closed;
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });

  it('says which options are wrong if the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    stops.push(() => new Promise((resolve) => other.close(() => resolve())));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(serve('127.0.0.1', port)).rejects.toThrow(
      `cannot listen at HEALTH_HOST 127.0.0.1, HEALTH_PORT ${port}`,
    );
  });
});

describe('a web page that leads a name of its own here (DNS rebinding)', () => {
  const statusAs = (url: string, path: string, host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asking = request(`${url}${path}`, { headers: { host }, agent: false });
      asking.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asking.on('error', reject);
      asking.end();
    });

  it.each(['/metrics', '/readyz', '/livez', '/'])('is not answered at %s', async (path) => {
    const { url } = await serve();
    expect(await statusAs(url, path, 'evil.example')).toBe(421);
    expect(await statusAs(url, path, 'evil')).toBe(421);
    expect(await statusAs(url, path, 'localhost.evil.example:9464')).toBe(421);
    expect(await statusAs(url, path, '192.0.2.1')).toBe(421);
  });

  it('while whoever asks by address or an expected name is', async () => {
    const { url } = await serve('0.0.0.0', 0, ['dispatcher', 'lifter-*', '*.internal.example']);
    const { port } = new URL(url);
    const own = `http://127.0.0.1:${port}`;
    for (const host of [
      ...[`127.0.0.1:${port}`, 'localhost', `LOCALHOST:${port}`, '[::1]:9464', 'dispatcher:9464'],
      ...['lifter-12', 'a.internal.example', 'dispatcher.'],
    ])
      expect([host, await statusAs(own, '/metrics', host)]).toEqual([host, 200]);
    for (const host of ['notifier', 'dispatcher.evil.example', 'xlifter-1', 'a b'])
      expect([host, await statusAs(own, '/metrics', host)]).not.toEqual([host, 200]);
  });
});

describe('a condition that somebody else took over', () => {
  it('stays when the first one is taken away', () => {
    const health = createHealth();
    const first = health.require('session', () => 'gone');
    health.require('session', () => 'offline');
    first();
    expect(health.report()).toEqual({ ready: false, conditions: { session: 'offline' } });
  });
});
