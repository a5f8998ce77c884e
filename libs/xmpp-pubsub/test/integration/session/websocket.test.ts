import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import xml from '@xmpp/xml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSession, type SessionEvents } from '../../../src/index.js';

// Node has a global WebSocket from 22 on; the framing is tested without in test/session/websocket.test.ts.
describe.skipIf(globalThis.WebSocket === undefined)('XMPP over WebSocket (RFC 7395)', () => {
  let server: EjabberdServer;
  beforeAll(async () => {
    server = await startEjabberd();
    await server.register('alice', 'secret');
  });
  afterAll(() => server.stop());

  it('carries requests, messages and confirmations, and comes back after a break', async () => {
    await using session = createSession({
      service: server.websocket,
      domain: server.domain,
      username: 'alice',
      password: 'secret',
      tls: { allowPlaintextOnLoopback: true },
      backoff: { initialMs: 20, maxMs: 200 },
    });
    const jid = String(await session.start());
    const bodies: unknown[] = [];
    session.on('stanza', (stanza) => bodies.push(stanza.getChildText('body')));
    const ping = { type: 'get', to: server.domain, payload: xml('ping', 'urn:xmpp:ping') } as const;
    await Promise.all(Array.from({ length: 1_000 }, () => session.request(ping)));
    const message = xml('message', { to: jid }, xml('body', {}, 'Grüße\r\n世界 🏋️'));
    await session.sendConfirmed(message);
    await expect.poll(() => bodies).toEqual(['Grüße\r\n世界 🏋️']);
    const online = new Promise<SessionEvents['online']>((resolve) => session.on('online', resolve));
    await server.restart();
    expect(await online).toMatchObject({ resumed: false });
    await session.request(ping);
  }, 60_000);
});
