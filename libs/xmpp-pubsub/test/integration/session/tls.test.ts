import { type EjabberdServer, makeTestCa, startEjabberd, type TestCa } from '@heavylift/ejabberd';
import xml from '@xmpp/xml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSession, type SessionOptions } from '../../../src/index.js';

const SCRAM = ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((name) => [
  name,
  `${name}-PLUS`,
]);
const OTHERS = ['DIGEST-MD5', 'X-OAUTH2'];

let ca: TestCa;
beforeAll(async () => {
  ca = await makeTestCa();
});

async function start(names: readonly string[], disabledMechanisms: readonly string[]) {
  const server = await startEjabberd({
    tls: await ca.issue(names),
    requireTls: true,
    disabledMechanisms,
  });
  await server.register('alice', 'secret');
  return server;
}

function options(server: EjabberdServer, more: Partial<SessionOptions> = {}): SessionOptions {
  return {
    service: server.service,
    domain: server.domain,
    username: 'alice',
    password: 'secret',
    tls: { ca: ca.certificate },
    ...more,
  };
}

describe('an encrypted stream to ejabberd (RFC 6120 section 5)', () => {
  let server: EjabberdServer;
  beforeAll(async () => {
    server = await start(['localhost'], ['PLAIN', ...OTHERS]);
  });
  afterAll(() => server.stop());

  it('is made by STARTTLS, with an own authority, to a host that the certificate does not name', async () => {
    await using session = createSession(options(server));
    expect(String((await session.start()).bare)).toBe('alice@localhost');
  });

  it('is made by TLS from the first byte (XEP-0368)', async () => {
    await using session = createSession(options(server, { service: String(server.tlsService) }));
    expect(String((await session.start()).bare)).toBe('alice@localhost');
  });

  it.each(['STARTTLS', 'direct TLS'])(
    'is refused if the authority is not trusted: %s',
    async (way) => {
      const service = way === 'STARTTLS' ? server.service : String(server.tlsService);
      const stranger = await makeTestCa();
      for (const tls of [{}, { ca: stranger.certificate }, { allowPlaintextOnLoopback: true }]) {
        await using session = createSession(options(server, { service, tls }));
        await expect(session.start()).rejects.toMatchObject({ code: 'certificate-refused' });
      }
    },
  );

  it('carries characters that fall between two TLS records', async () => {
    await using session = createSession(options(server));
    const jid = String(await session.start());
    const bodies: unknown[] = [];
    session.on('stanza', (stanza) => bodies.push(stanza.getChildText('body')));
    const text = '世界🏋️é'.repeat(10_000);
    for (let n = 0; n < 10; n += 1) {
      await session.send(xml('message', { to: jid }, xml('body', {}, `${'.'.repeat(n)}${text}`)));
    }
    await expect.poll(() => bodies.length, { timeout: 10_000 }).toBe(10);
    expect(bodies.every((body, n) => body === `${'.'.repeat(n)}${text}`)).toBe(true);
  });
});

it('is refused if the certificate is for another domain', async () => {
  const server = await start(['other.example', '127.0.0.1'], OTHERS);
  try {
    await using session = createSession(options(server));
    await expect(session.start()).rejects.toMatchObject({
      code: 'certificate-refused',
      message: expect.stringContaining('localhost'),
    });
  } finally {
    await server.stop();
  }
});

describe('a login to ejabberd (RFC 6120 section 6)', () => {
  it.each([
    ['SCRAM-SHA-512', ['PLAIN', ...OTHERS]],
    ['SCRAM-SHA-256', ['SCRAM-SHA-512', 'SCRAM-SHA-512-PLUS', ...OTHERS]],
    ['SCRAM-SHA-1', [...SCRAM.filter((name) => !name.startsWith('SCRAM-SHA-1')), ...OTHERS]],
    ['PLAIN, being encrypted and offered nothing else', [...SCRAM, ...OTHERS]],
  ])('uses %s', async (_, disabled) => {
    const server = await start(['localhost'], disabled);
    try {
      await using session = createSession(options(server));
      expect(String((await session.start()).bare)).toBe('alice@localhost');
      await using impostor = createSession(options(server, { password: 'wrong' }));
      await expect(impostor.start()).rejects.toMatchObject({ code: 'authentication-failed' });
    } finally {
      await server.stop();
    }
  });
});
