import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createSession, type Session, type SessionOptions, XmppError } from '../../src/index.js';
import { parseJid } from '../../src/jid.js';
import { mayAnswer } from '../../src/session/iq.js';
import { logIn, type Peer, scriptedServer } from './scripted-server.js';

/** A session that is online, and the server's end of it. */
async function online(more: Partial<SessionOptions> = {}) {
  let found: (peer: Peer) => void = () => undefined;
  const peerFound = new Promise<Peer>((resolve) => {
    found = resolve;
  });
  const server = await scriptedServer(async (peer, connection) => {
    if (connection > 1) return;
    await logIn(peer);
    found(peer);
  });
  const session = createSession({ ...server.options, ...more });
  await session.start();
  return {
    server,
    session,
    peer: await peerFound,
    async [Symbol.asyncDispose]() {
      await session.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

const ask = (
  session: Session,
  more: { to?: string; timeoutMs?: number; signal?: AbortSignal } = {},
) => session.request({ type: 'get', payload: xml('q', 'urn:test'), ...more });

const idOf = async (peer: Peer) => (await peer.expect(/<iq [^>]*id="([^"]+)".*?<\/iq>/))[1] ?? '';

describe('a request (RFC 6120 section 8.2.3)', () => {
  it('resolves with the first child of the result, or undefined', async () => {
    await using scene = await online();
    const { session, peer } = scene;
    const full = ask(session, { to: 'pubsub.example.org' });
    peer.send(
      `<iq type='result' id='${await idOf(peer)}' from='pubsub.example.org'> <r xmlns='urn:test' n='1'/></iq>`,
    );
    expect((await full)?.attrs).toMatchObject({ n: '1' });
    const empty = ask(session);
    peer.send(`<iq type='result' id='${await idOf(peer)}'/>`);
    expect(await empty).toBeUndefined();
  });

  it('rejects with everything that an error says (XEP-0060 section 12)', async () => {
    await using scene = await online();
    const { session, peer } = scene;
    const asked = ask(session, { to: 'pubsub.example.org' });
    peer.send(
      `<iq type='error' id='${await idOf(peer)}' from='pubsub.example.org'><q xmlns='urn:test'/><error type='cancel'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>not here</text><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><unsupported xmlns='http://jabber.org/protocol/pubsub#errors' feature='purge-nodes'/></error></iq>`,
    );
    await expect(asked).rejects.toMatchObject({
      code: 'stanza-error',
      message:
        'pubsub.example.org answered feature-not-implemented, unsupported purge-nodes: not here',
      stanza: {
        type: 'cancel',
        condition: 'feature-not-implemented',
        pubsubCondition: 'unsupported',
        feature: 'purge-nodes',
        text: 'not here',
      },
    });
  });

  it('is answered only by whom it was sent to', async () => {
    const warnings: unknown[] = [];
    const log = { debug: () => undefined, warn: (details: unknown) => warnings.push(details) };
    await using scene = await online({ log });
    const { session, peer } = scene;
    const asked = ask(session, { to: 'pubsub.example.org' });
    const id = await idOf(peer);
    peer.send(
      `<iq type='result' id='${id}' from='mallory@example.org/x'><forged xmlns='urn:test'/></iq>`,
    );
    peer.send(`<iq type='error' id='${id}' from='example.org'/>`);
    peer.send(
      `<iq type='result' id='${id}' from='PubSub.example.org'><true xmlns='urn:test'/></iq>`,
    );
    expect((await asked)?.name).toBe('true');
    expect(warnings).toHaveLength(2);
  });

  it('has an id that nobody can guess from another', async () => {
    await using scene = await online();
    const { session, peer } = scene;
    const asked = Array.from({ length: 50 }, () => ask(session).catch(() => undefined));
    const ids: string[] = [];
    for (const _ of asked) ids.push(await idOf(peer));
    for (const id of ids)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(new Set(ids.map((id) => id.slice(0, 8))).size).toBe(50);
    await session.stop();
    await Promise.all(asked);
  });

  it('rejects at once when the stream is lost, and when the session is offline', async () => {
    await using scene = await online({ streamManagement: false, requestTimeoutMs: 60_000 });
    const { session, peer } = scene;
    const asked = ask(session);
    await idOf(peer);
    peer.socket.destroy();
    await expect(asked).rejects.toMatchObject({
      code: 'disconnected',
      cause: { code: 'connection-failed' },
    });
    await expect(ask(session)).rejects.toMatchObject({ code: 'not-online' });
  });

  it('rejects with `stopped` when the session is stopped, before and after', async () => {
    await using scene = await online();
    const asked = ask(scene.session);
    await Promise.all([
      expect(asked).rejects.toMatchObject({ code: 'stopped' }),
      scene.session.stop(),
    ]);
    await expect(ask(scene.session)).rejects.toMatchObject({ code: 'stopped' });
  });

  it('times out, each in its own time', async () => {
    await using scene = await online();
    const ended: string[] = [];
    const late = ask(scene.session, { timeoutMs: 400 }).catch(() => ended.push('late'));
    const soon = ask(scene.session, { timeoutMs: 100 }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'timeout' });
      ended.push('soon');
    });
    await Promise.all([late, soon]);
    expect(ended).toEqual(['soon', 'late']);
  });

  it('can be aborted, before and after it was sent', async () => {
    await using scene = await online();
    const { session, peer } = scene;
    const reason = new Error('changed my mind');
    const controller = new AbortController();
    const asked = ask(session, { signal: controller.signal });
    await idOf(peer);
    controller.abort(reason);
    await expect(asked).rejects.toMatchObject({ code: 'aborted', cause: reason });
    const again = ask(session, { signal: controller.signal });
    await expect(again).rejects.toMatchObject({ code: 'aborted', cause: reason });
    expect(peer.unread).not.toContain('<iq');
  });

  it('waits for a place among those in flight, and beyond that is refused', async () => {
    await using scene = await online({ maxInFlight: 2, maxWaiting: 1 });
    const { session, peer } = scene;
    const first = ask(session);
    const second = ask(session);
    const third = ask(session);
    await expect(ask(session)).rejects.toMatchObject({ code: 'queue-full' });
    const ids = [await idOf(peer), await idOf(peer)];
    expect(peer.unread).toBe('');
    peer.send(`<iq type='result' id='${ids[1]}'/>`);
    await second;
    peer.send(`<iq type='result' id='${await idOf(peer)}'/>`);
    await third;
    peer.send(`<iq type='result' id='${ids[0]}'/>`);
    await first;
  });

  it('gives its place to the next when it is aborted while it waits', async () => {
    await using scene = await online({ maxInFlight: 1, maxWaiting: 1 });
    const { session, peer } = scene;
    const first = ask(session);
    const controller = new AbortController();
    const second = ask(session, { signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'aborted' });
    const third = ask(session);
    peer.send(`<iq type='result' id='${await idOf(peer)}'/>`);
    await first;
    peer.send(`<iq type='result' id='${await idOf(peer)}'/>`);
    await third;
  });

  it('is refused before it is sent if it has characters that XML lacks, or is too large', async () => {
    await using scene = await online({ maxStanzaBytes: 1_000 });
    const { session, peer } = scene;
    const payload = (text: string) => ({
      type: 'set' as const,
      payload: xml('q', 'urn:test', text),
    });
    await expect(session.request(payload('a\u0000b'))).rejects.toMatchObject({
      code: 'invalid-character',
      message: expect.stringContaining('U+0000'),
    });
    await expect(session.send(xml('message', { id: '\ud800' }))).rejects.toMatchObject({
      code: 'invalid-character',
    });
    await expect(session.request(payload('é'.repeat(500)))).rejects.toMatchObject({
      code: 'too-large',
    });
    const fits = session.request(payload('é'.repeat(400)));
    peer.send(`<iq type='result' id='${await idOf(peer)}'/>`);
    await fits;
  });
});

describe('who may answer (RFC 6120 section 8.1.2.1)', () => {
  const own = parseJid('juliet@example.org/balcony');
  it.each([
    ['pubsub.example.org', 'pubsub.example.org', true],
    ['pubsub.example.org', 'PUBSUB.example.org', true],
    ['pubsub.example.org', 'example.org', false],
    ['pubsub.example.org', undefined, false],
    ['romeo@example.org/a', 'romeo@example.org/A', false],
    ['romeo@example.org/a', 'romeo@example.org', false],
    [undefined, undefined, true],
    [undefined, 'juliet@example.org', true],
    [undefined, 'juliet@example.org/balcony', true],
    [undefined, 'example.org', true],
    [undefined, 'mallory@example.org', false],
    ['juliet@example.org', undefined, true],
    ['example.org', undefined, true],
    ['example.org', '@', false],
  ])('asked %s, answered by %s: %s', (to, from, accepted) => {
    expect(mayAnswer(to, from, own)).toBe(accepted);
  });
});

describe('an IQ from somebody else', () => {
  const from = "from='romeo@example.org/orchard' to='juliet@example.org/balcony'";

  async function answerTo(iq: string, prepare: (session: Session) => void = () => undefined) {
    await using scene = await online();
    prepare(scene.session);
    scene.peer.send(iq);
    const [answer] = await scene.peer.expect(/<iq [^>]*id="7"[^>]*?(\/>|>.*<\/iq>)/);
    expect(answer).toContain('to="romeo@example.org/orchard"');
    return answer;
  }
  const get = (payload: string) => `<iq type='get' id='7' ${from}>${payload}</iq>`;
  const version = "<query xmlns='jabber:iq:version'/>";
  const handled = (handler: () => Promise<Element | undefined>) => (session: Session) => {
    session.handle('get', 'query', 'jabber:iq:version', handler);
  };

  it('is answered when it is a ping (XEP-0199)', async () => {
    expect(await answerTo(get("<ping xmlns='urn:xmpp:ping'/>"))).toContain('type="result"');
  });

  it('is refused if nobody handles it', async () => {
    const answer = await answerTo(get(version));
    expect(answer).toContain('type="error"');
    expect(answer).toContain('<service-unavailable ');
  });

  it('is a bad request with two payloads, or none', async () => {
    expect(await answerTo(get(version + version))).toContain('<bad-request ');
    expect(await answerTo(get(''))).toContain('<bad-request ');
  });

  it('is answered by its handler', async () => {
    const answer = await answerTo(
      get(version),
      handled(async () => xml('query', 'jabber:iq:version', xml('name', {}, 'R&J'))),
    );
    expect(answer).toContain('<query xmlns="jabber:iq:version"><name>R&amp;J</name></query>');
  });

  it('is answered with the error that its handler throws', async () => {
    const stanza = { type: 'auth', condition: 'forbidden', text: 'a < b' };
    const answer = await answerTo(
      get(version),
      handled(() => Promise.reject(new XmppError('stanza-error', 'no', { stanza }))),
    );
    expect(answer).toContain('<error type="auth"><forbidden ');
    expect(answer).toContain('>a &lt; b</text>');
  });

  it('is answered even if its handler breaks', async () => {
    const broken = handled(() => Promise.reject(new Error('oops')));
    const answer = await answerTo(get(version), broken);
    expect(answer).toContain('<internal-server-error ');
    expect(answer).not.toContain('oops');
  });

  it.each([
    ['a character that XML forbids', '\u0001'],
    ['too much', 'x'.repeat(300_000)],
  ])('is answered even if there is %s in the answer: by an error', async (_, text) => {
    const unsendable = handled(async () => xml('query', 'jabber:iq:version', text));
    expect(await answerTo(get(version), unsendable)).toContain('<internal-server-error ');
  });
});

it('logs a listener that throws, and tells the others', async () => {
  const warnings: unknown[] = [];
  const log = { debug: () => undefined, warn: (details: unknown) => warnings.push(details) };
  await using scene = await online({ log });
  const { session, peer } = scene;
  const error = new Error('a bug of the listener');
  session.on('stanza', () => {
    throw error;
  });
  const told: Element[] = [];
  session.on('stanza', (stanza) => told.push(stanza));
  peer.send('<message/><presence/>');
  await expect.poll(() => told.length).toBe(2);
  expect(warnings).toMatchObject([{ error }, { error }]);
  expect(session.status).toBe('online');
});
