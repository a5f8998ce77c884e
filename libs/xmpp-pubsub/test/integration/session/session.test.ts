import { type EjabberdServer, openLine, startEjabberd } from '@heavylift/ejabberd';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createSession,
  type Session,
  type SessionEvents,
  type SessionOptions,
} from '../../../src/index.js';

const PASSWORD = 'Größe, <=> & 世界';
let server: EjabberdServer;

beforeAll(async () => {
  server = await startEjabberd();
  for (const user of ['alice', 'bob', 'carol']) await server.register(user, PASSWORD);
});
afterAll(() => server.stop());

const as = (username: string, more: Partial<SessionOptions> = {}): Session =>
  createSession({
    service: server.service,
    domain: server.domain,
    username,
    password: PASSWORD,
    tls: { allowPlaintextOnLoopback: true },
    backoff: { initialMs: 20, maxMs: 200 },
    ...more,
  });

const next = <E extends keyof SessionEvents>(session: Session, event: E) =>
  new Promise<SessionEvents[E]>((resolve) => {
    const unlisten = session.on(event, (details) => {
      unlisten();
      resolve(details);
    });
  });

const message = (to: string, id: number | string, text = '') =>
  xml('message', { to, id: `${id}`, type: 'chat' }, xml('body', {}, text || `message ${id}`));

/** Ids of the messages that come in, in order. */
function idsOf(session: Session): string[] {
  const ids: string[] = [];
  session.on('stanza', ({ name, attrs }) => {
    if (name === 'message') ids.push(String(attrs['id']));
  });
  return ids;
}

const sequence = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);

describe('a session with ejabberd', () => {
  it('asks others and answers them (RFC 6120 section 8.2.3)', async () => {
    await using alice = as('alice');
    await using bob = as('bob', { resource: 'den' });
    const [, bobJid] = await Promise.all([alice.start(), bob.start()]);
    expect(String(bobJid)).toBe('bob@localhost/den');
    bob.handle('get', 'query', 'jabber:iq:version', async ({ from }) => {
      expect(from.equals(alice.jid ?? bobJid)).toBe(true);
      return xml('query', 'jabber:iq:version', xml('name', {}, 'bob <3'));
    });
    const ask = (payload: Element, to: string) => alice.request({ type: 'get', to, payload });
    const version = await ask(xml('query', 'jabber:iq:version'), 'bob@localhost/den');
    expect(version?.getChildText('name')).toBe('bob <3');
    expect(await ask(xml('ping', 'urn:xmpp:ping'), 'bob@localhost/den')).toBeUndefined();
    await expect(ask(xml('q', 'urn:unknown'), 'bob@localhost/den')).rejects.toMatchObject({
      code: 'stanza-error',
      stanza: { condition: 'service-unavailable' },
    });
    await expect(ask(xml('q', 'urn:unknown'), 'nobody@localhost/x')).rejects.toMatchObject({
      code: 'stanza-error',
    });
  });

  it('asks the own account when nobody is named (RFC 6121 section 2.1)', async () => {
    await using alice = as('alice');
    await alice.start();
    const roster = await alice.request({ type: 'get', payload: xml('query', 'jabber:iq:roster') });
    expect(roster?.is('query', 'jabber:iq:roster')).toBe(true);
  });

  it('carries every string that XML allows', async () => {
    await using alice = as('alice');
    await using bob = as('bob');
    const [, bobJid] = await Promise.all([alice.start(), bob.start()]);
    const arrived = next(bob, 'stanza');
    const text = ' "\'<&>]]>\t\n\r\r\n\u0085\u2028 Grüße 世界 🏋️ \u{10ffff} ';
    await alice.send(message(String(bobJid), text, text));
    const stanza = await arrived;
    expect(stanza.getChildText('body')).toBe(text);
    expect(stanza.attrs['id']).toBe(text);
  });

  it('gives up when the account logs in elsewhere with the same resource', async () => {
    await using first = as('carol', { resource: 'only' });
    await using second = as('carol', { resource: 'only' });
    await first.start();
    const gaveUp = next(first, 'giving-up');
    await second.start();
    expect((await gaveUp).error.code).toBe('conflict');
    expect(second.status).toBe('online');
  });

  it('gives up on a wrong password', async () => {
    await using alice = as('alice', { password: 'wrong' });
    await expect(alice.start()).rejects.toMatchObject({ code: 'authentication-failed' });
  });

  it('comes back by itself after the server was killed and started again', async () => {
    await using alice = as('alice');
    await alice.start();
    const offline = next(alice, 'offline');
    await server.kill();
    expect(['connection-failed', 'stream-error']).toContain((await offline).error.code);
    const online = next(alice, 'online');
    await server.restart();
    expect(await online).toMatchObject({ resumed: false });
  }, 60_000);
});

const byNumber = (a: string, b: string) => Number(a) - Number(b);

describe('stream management (XEP-0198)', () => {
  it('counts exactly: 12,000 requests at once and 6,000 messages, and the server is still content', async () => {
    // ejabberd ends a stream with more than 5,000 unacknowledged stanzas.
    await using alice = as('alice', { maxWaiting: 12_000 });
    await using bob = as('bob');
    const [, bobJid] = await Promise.all([alice.start(), bob.start()]);
    const breaks: unknown[] = [];
    for (const session of [alice, bob]) session.on('offline', ({ error }) => breaks.push(error));
    const arrived = idsOf(bob);
    const payload = xml('ping', 'urn:xmpp:ping');
    const ping = { type: 'get', to: server.domain, payload, timeoutMs: 60_000 } as const;
    await Promise.all(Array.from({ length: 12_000 }, () => alice.request(ping)));
    for (const id of sequence(1, 6_000)) await alice.send(message(String(bobJid), id));
    // All of the 6,000 are before it.
    await alice.sendConfirmed(message(String(bobJid), 'last'), { timeoutMs: 60_000 });
    await expect.poll(() => arrived.length, { timeout: 20_000 }).toBe(6_001);
    expect(arrived).toEqual([...sequence(1, 6_000), 'last']);
    expect(breaks).toEqual([]);
  }, 180_000);

  it('goes on after a cut connection: no stanza lost, none doubled, in both directions', async () => {
    await using line = await openLine(server.service);
    await using alice = as('alice', { service: line.service });
    await using bob = as('bob', { service: line.service });
    const [aliceJid, bobJid] = await Promise.all([alice.start(), bob.start()]);
    const resumptions: boolean[] = [];
    for (const session of [alice, bob]) {
      session.on('online', ({ resumed }) => resumptions.push(resumed));
    }
    const toAlice = idsOf(alice);
    const toBob = idsOf(bob);
    const confirmed: Promise<void>[] = [];
    let id = 0;
    for (let round = 0; round < 5; round += 1) {
      for (let burst = 0; burst < 100; burst += 1) {
        id += 1;
        confirmed.push(alice.sendConfirmed(message(String(bobJid), id), { timeoutMs: 30_000 }));
        confirmed.push(bob.sendConfirmed(message(String(aliceJid), id), { timeoutMs: 30_000 }));
        if (burst % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const back = Promise.all([next(alice, 'online'), next(bob, 'online')]);
      line.cut();
      await back;
    }
    await Promise.all(confirmed);
    await expect.poll(() => toBob.length).toBe(500);
    await expect.poll(() => toAlice.length).toBe(500);
    // ejabberd routes anew, and late, what its old process for the session still held: each comes once, not always in order.
    expect(toBob.toSorted(byNumber)).toEqual(sequence(1, 500));
    expect(toAlice.toSorted(byNumber)).toEqual(sequence(1, 500));
    expect(resumptions).toEqual(Array.from({ length: 10 }, () => true));
  });

  it('has the server keep a broken session only as long as asked for', async () => {
    await using line = await openLine(server.service);
    await using alice = as('alice', {
      service: line.service,
      streamManagement: { resumeSeconds: 1 },
    });
    await using bob = as('bob');
    const [aliceJid, bobJid] = await Promise.all([alice.start(), bob.start()]);
    await alice.sendConfirmed(xml('presence', { to: String(bobJid) }));
    const gone = new Promise<Element>((resolve) => {
      bob.on('stanza', (stanza) => {
        if (stanza.name === 'presence' && stanza.attrs['type'] === 'unavailable') resolve(stanza);
      });
    });
    // Nor does it come back: whatever it tries is swallowed.
    line.blackHole();
    line.cut();
    expect((await gone).attrs['from']).toBe(String(aliceJid));
  }, 60_000);
});

describe('a dead server', () => {
  it('is noticed within the time, and left for one that lives', async () => {
    await using line = await openLine(server.service);
    await using alice = as('alice', {
      service: line.service,
      ping: { intervalMs: 300, timeoutMs: 300 },
      streamManagement: false,
      connectTimeoutMs: 1_000,
    });
    await alice.start();
    const offline = next(alice, 'offline');
    line.blackHole();
    const pending = alice.request({ type: 'get', payload: xml('query', 'jabber:iq:roster') });
    await Promise.all([expect(pending).rejects.toMatchObject({ code: 'disconnected' }), offline]);
    const online = next(alice, 'online');
    line.heal();
    expect(await online).toMatchObject({ resumed: false });
  });

  it('is noticed by default within 15 s, or so on a busy machine', async () => {
    await using alice = as('alice');
    await alice.start();
    const began = performance.now();
    const offline = next(alice, 'offline');
    process.kill(server.pid, 'SIGSTOP');
    try {
      expect((await offline).error.message).toContain('did not answer a ping');
      expect(performance.now() - began).toBeLessThan(20_000);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  }, 30_000);
});
