import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createSession, type SessionEvents } from '../../src/index.js';
import {
  authenticateClient,
  awaitResume,
  bindClient,
  features,
  logIn,
  type Peer,
  scriptedServer,
} from './scripted-server.js';

const message = (id: string) => xml('message', { id, to: 'romeo@example.org' });
const idOf = async (peer: Peer) => (await peer.expect(/<iq [^>]*id="([^"]+)".*?<\/iq>/))[1] ?? '';
const R = "<r xmlns='urn:xmpp:sm:3'/>";
const a = (h: number) => `<a xmlns='urn:xmpp:sm:3' h='${h}'/>`;
const namesIn = (text: string) =>
  Array.from(text.matchAll(/<(message|ping) /g), ([, name = '']) => name);
const ask = { type: 'get', payload: xml('q', 'urn:test') } as const;

describe('acknowledgements (XEP-0198 section 4)', () => {
  it('counts every stanza once, IQ answers too', async () => {
    const answers = 50;
    const counts: string[] = [];
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer, { sm: true });
      for (let n = 0; n < answers; n += 1)
        peer.send(`<iq type='result' id='${await idOf(peer)}'/>`);
      peer.send("<message/><presence/><iq type='result' id='unknown'/>");
      peer.send(R);
      counts.push((await peer.expect(/<a [^>]*h="(\d+)"\/>/))[1] ?? '');
    });
    await using session = createSession(server.options);
    await session.start();
    await Promise.all(Array.from({ length: answers }, () => session.request(ask)));
    await expect.poll(() => counts).toEqual([String(answers + 3)]);
  });

  it('does not count what came before stream management was on', async () => {
    const counts: string[] = [];
    await using server = await scriptedServer(async (peer) => {
      await authenticateClient(peer);
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(
        features("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>"),
      );
      await bindClient(peer);
      await peer.expect(/<enable [^>]*\/>/);
      peer.send(`<message/><enabled xmlns='urn:xmpp:sm:3'/><message/>${R}`);
      counts.push((await peer.expect(/<a [^>]*h="(\d+)"\/>/))[1] ?? '');
    });
    await using session = createSession(server.options);
    let stanzas = 0;
    session.on('stanza', () => {
      stanzas += 1;
    });
    await session.start();
    await expect.poll(() => counts).toEqual(['1']);
    expect(stanzas).toBe(2);
  });

  it('confirms a stanza when the server has counted it, with one request for all of a turn', async () => {
    let asked = 0;
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer, { sm: true });
      await peer.expect(/<r [^>]*\/>/);
      asked = peer.unread.match(/<r /g)?.length ?? 0;
      peer.send(a(2));
    });
    await using session = createSession(server.options);
    await session.start();
    const third = session.sendConfirmed(message('0'), { timeoutMs: 60_000 }).then(() => '0');
    const first = session.sendConfirmed(message('1'), { timeoutMs: 60_000 }).then(() => '1');
    const second = session.sendConfirmed(message('2'), { timeoutMs: 200 });
    expect(await Promise.all([third, first])).toEqual(['0', '1']);
    await expect(second).rejects.toMatchObject({ code: 'timeout' });
    expect(asked).toBe(0);
  });

  it('begins a fresh session with a server that acknowledges more than it was sent', async () => {
    await using server = await scriptedServer(async (peer, connection) => {
      await logIn(peer, { sm: true });
      if (connection === 1) peer.send(a(7));
    });
    await using session = createSession(server.options);
    const onlines: SessionEvents['online'][] = [];
    session.on('online', (details) => onlines.push(details));
    await session.start();
    await expect.poll(() => onlines.map(({ resumed }) => resumed)).toEqual([false, false]);
  });

  it('keeps a bounded number for a server that reads and never acknowledges', async () => {
    let got = 0;
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer, { sm: true });
      for (;;) {
        await peer.expect(/<message /);
        got += 1;
      }
    });
    await using session = createSession({ ...server.options, maxInFlight: 50, maxWaiting: 50 });
    await session.start();
    for (let n = 0; n < 1_024; n += 1) await session.send(message(`${n}`));
    const waiting = Array.from({ length: 100 }, (_, n) => session.send(message(`waiting ${n}`)));
    await expect(session.send(message('too many'))).rejects.toMatchObject({ code: 'queue-full' });
    await expect(session.request(ask)).rejects.toMatchObject({ code: 'queue-full' });
    await expect.poll(() => got).toBe(1_024);
    const results = Promise.allSettled(waiting);
    await session.stop();
    expect(new Set((await results).map(({ status }) => status))).toEqual(new Set(['rejected']));
  });
});

describe('resumption (XEP-0198 section 5)', () => {
  it('goes on where the broken connection left off: nothing is lost, nothing doubled', async () => {
    const received: string[] = [];
    const handled: number[] = [];
    const take = async (peer: Peer, until: string) => {
      for (;;) {
        const [, id = ''] = await peer.expect(/<message id="([^"]+)"[^>]*\/>/);
        received.push(id);
        if (id === until) return;
      }
    };
    await using server = await scriptedServer(async (peer, connection) => {
      if (connection === 1) {
        await logIn(peer, { sm: true });
        peer.send('<message/><message/>');
        await take(peer, '3');
        // Messages 4 to 6 are on their way and are lost with the connection.
        await peer.expect(/<message id="6"[^>]*\/>/);
        peer.socket.destroy();
        return;
      }
      handled.push(await awaitResume(peer));
      peer.send(`<resumed xmlns='urn:xmpp:sm:3' previd='previous' h='3'/>`);
      await take(peer, '7');
      peer.send(a(7));
    });
    await using session = createSession(server.options);
    const onlines: boolean[] = [];
    session.on('online', ({ resumed }) => onlines.push(resumed));
    await session.start();
    await expect.poll(() => session.status).toBe('online');
    const confirmed = ['1', '2', '3', '4', '5', '6'].map((id) =>
      session.sendConfirmed(message(id)),
    );
    await expect.poll(() => onlines).toEqual([false, true]);
    confirmed.push(session.sendConfirmed(message('7')));
    await Promise.all(confirmed);
    expect(received).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(handled).toEqual([2]);
  });

  it('keeps a request pending until the answer comes over the resumed stream', async () => {
    let id = '';
    await using server = await scriptedServer(async (peer, connection) => {
      if (connection === 1) {
        await logIn(peer, { sm: true });
        id = await idOf(peer);
        peer.socket.destroy();
        return;
      }
      await awaitResume(peer);
      peer.send(
        `<resumed xmlns='urn:xmpp:sm:3' previd='previous' h='1'/><iq type='result' id='${id}'/>`,
      );
    });
    await using session = createSession(server.options);
    await session.start();
    expect(await session.request(ask)).toBeUndefined();
    expect(server.connections).toBe(2);
  });

  it('rejects what is pending as soon as the resumption fails; what had arrived is confirmed all the same', async () => {
    await using server = await scriptedServer(async (peer, connection) => {
      if (connection === 1) {
        await logIn(peer, { sm: true });
        await idOf(peer);
        await peer.expect(/<message id="2"[^>]*\/>/);
        peer.socket.destroy();
        return;
      }
      await awaitResume(peer);
      peer.send(
        "<failed xmlns='urn:xmpp:sm:3' h='2'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
      );
      await bindClient(peer);
      await peer.expect(/<enable [^>]*\/>/);
      peer.send("<failed xmlns='urn:xmpp:sm:3'/>");
    });
    await using session = createSession({ ...server.options, requestTimeoutMs: 60_000 });
    const onlines: boolean[] = [];
    session.on('online', ({ resumed }) => onlines.push(resumed));
    await session.start();
    const asked = session.request(ask);
    const first = session.sendConfirmed(message('1'));
    const second = session.sendConfirmed(message('2'));
    await Promise.all([
      expect(asked).rejects.toMatchObject({ code: 'disconnected' }),
      first,
      expect(second).rejects.toMatchObject({ code: 'disconnected' }),
    ]);
    await expect.poll(() => onlines).toEqual([false, false]);
  });

  it('is not tried after the server itself closed the stream', async () => {
    await using server = await scriptedServer(async (peer, connection) => {
      await logIn(peer, { sm: true });
      if (connection > 1) return;
      await idOf(peer);
      peer.send('</stream:stream>');
    });
    await using session = createSession({ ...server.options, requestTimeoutMs: 60_000 });
    await session.start();
    await expect(session.request(ask)).rejects.toMatchObject({ code: 'disconnected' });
    await expect.poll(() => server.connections).toBe(2);
  });
});

describe('confirmation without stream management', () => {
  it('is a ping behind the stanza, one for all of a turn', async () => {
    const seen: string[] = [];
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      const [text] = await peer.expect(/.*<ping .*?<\/iq>/);
      seen.push(...namesIn(text));
      peer.send(
        `<iq type='error' from='example.org' id='${/<iq [^>]*id="([^"]+)"/.exec(text)?.[1]}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
      );
    });
    await using session = createSession(server.options);
    await session.start();
    await Promise.all([session.sendConfirmed(message('1')), session.sendConfirmed(message('2'))]);
    expect(seen).toEqual(['message', 'message', 'ping']);
  });

  it('is one ping at a time: the next is for all that was sent while the last was on its way', async () => {
    const seen: string[] = [];
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      const answerTo = (text: string) =>
        `<iq type='result' from='example.org' id='${/<iq [^>]*id="([^"]+)"/.exec(text)?.[1]}'/>`;
      const [first] = await peer.expect(/.*<ping .*?<\/iq>/);
      seen.push(...namesIn(first));
      const [more] = await peer.expect(/.*id="3"[^>]*\/>/);
      peer.send(answerTo(first));
      const [second] = await peer.expect(/.*<ping .*?<\/iq>/);
      seen.push(...namesIn(more), ...namesIn(second));
      peer.send(answerTo(second));
    });
    await using session = createSession(server.options);
    await session.start();
    const first = session.sendConfirmed(message('1'));
    await expect.poll(() => seen).toEqual(['message', 'ping']);
    await Promise.all([
      first,
      session.sendConfirmed(message('2')),
      session.sendConfirmed(message('3')),
    ]);
    expect(seen).toEqual(['message', 'ping', 'message', 'message', 'ping']);
  });

  it('is never by another stream than the one that the stanza went by', async () => {
    let streams = 0;
    await using server = await scriptedServer(async (peer) => {
      streams += 1;
      await logIn(peer);
      if (streams === 1) {
        await peer.expect(/<ping /);
        await peer.expect(/id="2"/);
        peer.socket.destroy();
        return;
      }
      for (;;) {
        const [text] = await peer.expect(/.*<ping .*?<\/iq>/);
        peer.send(
          `<iq type='result' from='example.org' id='${/<iq [^>]*id="([^"]+)"/.exec(text)?.[1]}'/>`,
        );
      }
    });
    await using session = createSession(server.options);
    await session.start();
    const sent = [session.sendConfirmed(message('1'))];
    await new Promise((resolve) => setTimeout(resolve, 50));
    sent.push(session.sendConfirmed(message('2')));
    for (const confirmed of await Promise.allSettled(sent))
      expect(confirmed).toMatchObject({ status: 'rejected', reason: { code: 'disconnected' } });
    await expect.poll(() => session.status, { timeout: 10_000 }).toBe('online');
    await session.sendConfirmed(message('3'));
  });

  it('fails with the stream', async () => {
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      await peer.expect(/<ping /);
      peer.socket.destroy();
    });
    await using session = createSession(server.options);
    await session.start();
    await expect(session.sendConfirmed(message('1'))).rejects.toMatchObject({
      code: 'disconnected',
    });
  });
});
