import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createSession, type Session } from '../../src/index.js';
import { authenticateClient, logIn, type Script, scriptedServer } from './scripted-server.js';

/** Sockets and timers that would keep the process alive. */
const alive = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /^(Timeout|TCP|TLS|GetAddrInfo|DNSCHANNEL|QUERYWRAP)/i.test(name))
    .filter((name) => name !== 'TCPServerWrap').length;

const soon = 3_000;

async function bounded(promise: Promise<unknown>): Promise<void> {
  const began = performance.now();
  await promise;
  expect(performance.now() - began).toBeLessThan(soon);
}

const silence: Script = () => Promise.resolve();

describe('stop()', () => {
  const moments: [string, Script, (session: Session) => Promise<unknown>][] = [
    ['before the start', silence, () => Promise.resolve()],
    [
      'in the turn of the start',
      silence,
      async (session) => void session.start().catch(() => undefined),
    ],
    [
      'while the server is silent',
      silence,
      async (session) => {
        void session.start().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
    ],
    [
      'in the middle of the login',
      async (peer) => {
        await authenticateClient(peer);
      },
      async (session) => {
        void session.start().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 100));
      },
    ],
    [
      'while it waits to try again',
      async (peer) => void peer.socket.destroy(),
      (session) => {
        void session.start().catch(() => undefined);
        return new Promise((resolve) => session.on('offline', resolve));
      },
    ],
    ['while online', (peer) => logIn(peer), (session) => session.start()],
    [
      'while online with stream management',
      (peer) => logIn(peer, { sm: true }),
      (session) => session.start(),
    ],
    [
      'while a request is pending',
      (peer) => logIn(peer),
      async (session) => {
        await session.start();
        session.request({ type: 'get', payload: xml('q', 'urn:test') }).catch(() => undefined);
      },
    ],
    [
      'while online with a server that does not say goodbye',
      async (peer) => {
        peer.polite = false;
        await logIn(peer);
      },
      (session) => session.start(),
    ],
    [
      'after it gave up',
      async (peer) => {
        await logIn(peer);
        peer.send(
          "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        );
      },
      async (session) => {
        const gaveUp = new Promise((resolve) => session.on('giving-up', resolve));
        await session.start();
        await gaveUp;
      },
    ],
  ];

  it.each(moments)(
    '%s is bounded in time and leaves nothing behind',
    async (_, script, prepare) => {
      const before = alive();
      {
        await using server = await scriptedServer(script);
        const session = createSession({
          ...server.options,
          backoff: { initialMs: 60_000, maxMs: 60_000 },
        });
        await prepare(session);
        await bounded(Promise.all([session.stop(), session.stop()]));
        await bounded(session.stop());
        expect(session.status).toBe('stopped');
        await expect.poll(() => server.open).toBe(0);
        await expect(session.start()).rejects.toMatchObject({ code: 'stopped' });
      }
      await expect.poll(alive).toBeLessThanOrEqual(before);
    },
  );

  it('may be called by a listener', async () => {
    await using server = await scriptedServer((peer) => logIn(peer));
    const session = createSession(server.options);
    const stopped = new Promise<void>((resolve) => {
      session.on('online', () => void session.stop().then(resolve));
    });
    await session.start();
    await bounded(stopped);
    expect(session.status).toBe('stopped');
  });

  it('lets what was sent before go out', async () => {
    const got: string[] = [];
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      got.push((await peer.expect(/<presence type="unavailable"\/>/))[0]);
    });
    const session = createSession(server.options);
    await session.start();
    const sent = session.send(xml('presence', { type: 'unavailable' }));
    await session.stop();
    await sent;
    expect(got).toHaveLength(1);
  });
});

describe('an aborted start', () => {
  it('rejects with `aborted` and the reason, and leaves nothing behind', async () => {
    const before = alive();
    const reason = new Error('no time');
    {
      await using server = await scriptedServer(silence);
      const session = createSession(server.options);
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      const started = session.start({ signal: controller.signal });
      await expect(started).rejects.toMatchObject({ code: 'aborted', cause: reason });
      await expect.poll(() => server.open).toBe(0);
      expect(session.status).toBe('stopped');
    }
    await expect.poll(alive).toBeLessThanOrEqual(before);
  });

  it('connects nowhere if it was aborted before', async () => {
    await using server = await scriptedServer(silence);
    const session = createSession(server.options);
    const started = session.start({ signal: AbortSignal.abort() });
    await expect(started).rejects.toMatchObject({ code: 'aborted' });
    expect(server.connections).toBe(0);
  });

  it('does not end a session that is already online', async () => {
    await using server = await scriptedServer((peer) => logIn(peer));
    await using session = createSession(server.options);
    const controller = new AbortController();
    await session.start({ signal: controller.signal });
    controller.abort();
    expect(session.status).toBe('online');
  });
});
