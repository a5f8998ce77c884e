import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { compile, type Program, type Run, run } from '../fixture/program.js';

let server: EjabberdServer;
let program: Program;
let service: Run;

beforeAll(async () => {
  [server, program] = await Promise.all([startEjabberd(), compile('session')]);
  await server.register('bot', 'secret');
  // ejabberd writes an account to disk up to 2 s later: a kill before that would take it along.
  await server.restart();
  service = run(program, {
    XMPP_SERVICE: server.service,
    XMPP_DOMAIN: server.domain,
    XMPP_USERNAME: 'bot',
    XMPP_PASSWORD: 'secret',
    XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK: 'true',
    HEALTH_PORT: '0',
  });
});
afterAll(async () => {
  service.child.kill('SIGTERM');
  await service.ended;
  program.remove();
  await server.stop();
});

it('a service is ready while its session is online, and counts its reconnects', async () => {
  await service.logged('ready');
  const [, url = ''] = /"url":"([^"]+)"/.exec(service.logLines().join('\n')) ?? [];
  const readiness = async () => (await fetch(`${url}/readyz`)).json();
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  const ready = { ready: true, conditions: { service: 'ok', 'session xmpp': 'ok' } };
  expect(await readiness()).toEqual(ready);
  expect(await metrics()).toContain('heavylift_session_online{session="xmpp"} 1\n');

  await server.kill();
  const patient = { timeout: 30_000, interval: 100 };
  await vi.waitFor(
    async () =>
      expect(await readiness()).toEqual({
        ready: false,
        conditions: { service: 'ok', 'session xmpp': 'offline' },
      }),
    patient,
  );
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(await metrics()).toMatch(/heavylift_session_failures_total\{session="xmpp",code="/);

  await server.restart();
  await vi.waitFor(async () => expect(await readiness()).toEqual(ready), patient);
  expect(await metrics()).toContain('heavylift_session_connects_total{session="xmpp"} 2\n');
});
