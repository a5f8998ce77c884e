import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSession, type SessionOptions } from '../../../src/index.js';

let server: EjabberdServer;
beforeAll(async () => {
  server = await startEjabberd();
  await server.register('alice', 'secret');
  await server.register('bob', 'secret');
});
afterAll(() => server.stop());

const options = (username: string, more: Partial<SessionOptions> = {}): SessionOptions => ({
  service: server.service,
  domain: server.domain,
  username,
  password: 'secret',
  tls: { allowPlaintextOnLoopback: true },
  ...more,
});

it('logs in, asks and is answered', async () => {
  const session = createSession({...options('alice'), log: {debug: console.log, warn: console.log}});
  const bob = createSession(options('bob'));
  const got: Element[] = [];
  bob.on('stanza', (s) => got.push(s));
  const bobJid = await bob.start();
  const jid = await session.start();
  expect(String(jid)).toMatch(/^alice@localhost\//);
  const r = await session.request({
    type: 'get',
    to: server.domain,
    payload: xml('query', 'http://jabber.org/protocol/disco#info'),
  });
  expect(r?.name).toBe('query');
  await session.sendConfirmed(xml('message', { to: String(bobJid) }, xml('body', {}, 'hi')));
  await expect.poll(() => got.length).toBe(1);
  expect(await session.request({ type: 'get', to: String(bobJid), payload: xml('ping', 'urn:xmpp:ping') })).toBe(undefined);
  await session.stop();
  await bob.stop();
});
