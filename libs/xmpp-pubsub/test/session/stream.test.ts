import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createSession, type Session, type SessionEvents } from '../../src/index.js';
import {
  authenticateClient,
  features,
  logIn,
  OWN_JID,
  type Peer,
  scriptedServer,
} from './scripted-server.js';

const next = <E extends keyof SessionEvents>(session: Session, event: E) =>
  new Promise<SessionEvents[E]>((resolve) => {
    const unlisten = session.on(event, (details) => {
      unlisten();
      resolve(details);
    });
  });

/** The server does this to a client that is online; the client must notice, and be online again soon. */
async function survives(torment: (peer: Peer) => void): Promise<SessionEvents['offline']> {
  await using server = await scriptedServer(async (peer, connection) => {
    await logIn(peer);
    await peer.expect(/<presence\/>/);
    if (connection === 1) torment(peer);
  });
  await using session = createSession(server.options);
  session.on('online', () => void session.send(presence()));
  await session.start();
  const offline = await next(session, 'offline');
  expect(session.status).toBe('offline');
  expect(await next(session, 'online')).toMatchObject({ resumed: false });
  expect(server.connections).toBe(2);
  return offline;
}

describe('a stream that arrives in odd ways', () => {
  it('puts characters together that were split between TCP segments', async () => {
    const text = 'Grüße, 世界, 🏋️ lifting';
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      const message = `<message from='romeo@example.org'><body>${text}</body></message>`;
      for (const byte of Buffer.from(message)) {
        peer.socket.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await using session = createSession(server.options);
    const arrived = next(session, 'stanza');
    await session.start();
    expect((await arrived).getChildText('body')).toBe(text);
  });

  it('is read in time that grows with its length, not with the square of it', async () => {
    const text = '世界'.repeat(1_000_000);
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      peer.send(`<message><body>${text}</body></message>`);
    });
    await using session = createSession(server.options);
    const arrived = next(session, 'stanza');
    await session.start();
    const began = performance.now();
    expect((await arrived).getChildText('body')).toHaveLength(text.length);
    // Some 0.1 s; over a minute if the parser sees each TCP segment by itself.
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  it('ignores white space between stanzas', async () => {
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      peer.send(" \n <message id='1'/> \n");
      peer.send(" \n <message id='2'/>");
    });
    await using session = createSession(server.options);
    const ids: unknown[] = [];
    session.on('stanza', ({ attrs }) => ids.push(attrs['id']));
    await session.start();
    await expect.poll(() => ids).toEqual(['1', '2']);
  });

  it('hands over stanzas that come in one segment with the end of the login, after `online`', async () => {
    await using server = await scriptedServer(async (peer) => {
      await authenticateClient(peer);
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
      const [, id] = await peer.expect(/<iq [^>]*id="([^"]+)"/);
      peer.send(
        `<message id='early'/><iq type='result' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${OWN_JID}</jid></bind></iq><message id='late'/>`,
      );
    });
    await using session = createSession(server.options);
    const seen: string[] = [];
    session.on('online', () => seen.push('online'));
    session.on('stanza', ({ attrs }) => seen.push(String(attrs['id'])));
    await session.start();
    await expect.poll(() => seen).toEqual(['online', 'early', 'late']);
  });
});

describe('a stream that breaks (RFC 6120 section 4.9)', () => {
  it('survives a stream error with data behind it, and connects again', async () => {
    const { error } = await survives((peer) => {
      peer.send(
        "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>see you</text></stream:error></stream:stream><message/>",
      );
      setTimeout(() => peer.socket.end('<message/>'), 10);
    });
    expect(error.code).toBe('stream-error');
    expect(error.message).toContain('system-shutdown: see you');
  });

  it.each([
    ['a tag closed by another', '<message><body></message>'],
    ['an entity that XML does not know', '<message><body>&nbsp;</body></message>'],
    ['a character that XML does not allow', '<message><body>&#0;</body></message>'],
    ['an end before a beginning', '</message></message></message>'],
  ])('survives %s, and connects again', async (_, bad) => {
    const { error } = await survives((peer) => peer.send(bad));
    expect(error.code).toBe('stream-error');
  });

  it.each([
    ['cut connection', (peer: Peer) => peer.socket.destroy()],
    ['connection reset', (peer: Peer) => peer.socket.resetAndDestroy()],
  ])('survives a %s, and connects again', async (_, cut) => {
    const { error, retryInMs } = await survives(cut);
    expect(error.code).toBe('connection-failed');
    expect(retryInMs).toBeLessThanOrEqual(50);
  });

  it('gives up when another session takes its full JID', async () => {
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      await peer.expect(/<presence\/>/);
      peer.send(
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
      );
    });
    await using session = createSession(server.options);
    await session.start();
    await session.send(presence());
    const { error } = await next(session, 'giving-up');
    expect(error.code).toBe('conflict');
    expect(session.status).toBe('stopped');
    await expect.poll(() => server.open).toBe(0);
    expect(server.connections).toBe(1);
  });

  it('gives up when another session holds its resource at the start', async () => {
    await using server = await scriptedServer(async (peer) => {
      await authenticateClient(peer);
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
      const [, id] = await peer.expect(/<iq [^>]*id="([^"]+)"/);
      peer.send(
        `<iq type='error' id='${id}'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
      );
    });
    await using session = createSession({ ...server.options, resource: 'balcony' });
    await expect(session.start()).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('a server that is not there yet', () => {
  it('is tried again until it answers, also before the first time online', async () => {
    let port = 0;
    {
      await using gone = await scriptedServer(() => Promise.resolve());
      port = gone.port;
    }
    await using session = createSession({
      service: `xmpp://127.0.0.1:${port}`,
      domain: 'example.org',
      username: 'juliet',
      password: 'secret',
      backoff: { initialMs: 1, maxMs: 5 },
    });
    let failures = 0;
    session.on('offline', ({ error }) => {
      failures += 1;
      expect(error.code).toBe('connection-failed');
      expect(error.message).toContain('ECONNREFUSED');
    });
    void session.start().catch(() => undefined);
    await expect.poll(() => failures).toBeGreaterThan(5);
    expect(session.status).toBe('connecting');
  });

  it('is given up on and tried again when it accepts the connection and says nothing', async () => {
    await using server = await scriptedServer(async (peer, connection) => {
      if (connection > 2) await logIn(peer);
    });
    await using session = createSession({ ...server.options, connectTimeoutMs: 300 });
    const errors: string[] = [];
    session.on('offline', ({ error }) => errors.push(error.message));
    await session.start();
    expect(errors).toEqual([expect.stringContaining('300 ms'), expect.stringContaining('300 ms')]);
    await expect.poll(() => server.open).toBe(1);
  });
});

function presence(): Element {
  return xml('presence');
}
