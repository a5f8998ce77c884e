import { describe, expect, it, vi } from 'vitest';
import { createSession } from '../../src/index.js';
import { watchLiveness } from '../../src/session/liveness.js';
import { logIn, scriptedServer } from './scripted-server.js';

describe('a watched connection (XEP-0199)', () => {
  function watched() {
    vi.useFakeTimers();
    const seen: string[] = [];
    let lastReceived = performance.now();
    const start = performance.now();
    const note = (what: string) => () => seen.push(`${what} at ${performance.now() - start}`);
    const unwatch = watchLiveness({
      intervalMs: 8_000,
      timeoutMs: 5_000,
      lastReceived: () => lastReceived,
      ping: note('ping'),
      dead: note('dead'),
    });
    return {
      seen,
      receive() {
        lastReceived = performance.now();
      },
      [Symbol.dispose]() {
        unwatch();
        expect(vi.getTimerCount()).toBe(0);
        vi.useRealTimers();
      },
    };
  }

  it('is pinged when it is idle, and dead by 15 s if nothing comes back', () => {
    using scene = watched();
    vi.advanceTimersByTime(60_000);
    expect(scene.seen).toEqual(['ping at 8000', 'dead at 13050']);
  });

  it('is not pinged while anything arrives', () => {
    using scene = watched();
    for (let second = 0; second < 60; second += 1) {
      vi.advanceTimersByTime(1_000);
      scene.receive();
    }
    expect(scene.seen).toEqual([]);
    vi.advanceTimersByTime(8_000);
    expect(scene.seen).toEqual(['ping at 68000']);
  });

  it('lives if anything comes after the ping, be it not the answer', () => {
    using scene = watched();
    vi.advanceTimersByTime(12_000);
    scene.receive();
    vi.advanceTimersByTime(7_999);
    expect(scene.seen).toEqual(['ping at 8000']);
    vi.advanceTimersByTime(1);
    expect(scene.seen).toEqual(['ping at 8000', 'ping at 20000']);
  });

  it('gets a second look when the process itself had been asleep', () => {
    using scene = watched();
    vi.advanceTimersByTime(13_000);
    scene.receive();
    vi.advanceTimersByTime(7_000);
    expect(scene.seen).toEqual(['ping at 8000']);
  });
});

describe('a session', () => {
  it('notices that the server has gone silent, and connects again', async () => {
    let pings = 0;
    await using server = await scriptedServer(async (peer, connection) => {
      await logIn(peer);
      if (connection > 1) return;
      await peer.expect(/<ping /);
      pings += 1;
    });
    await using session = createSession({
      ...server.options,
      ping: { intervalMs: 100, timeoutMs: 100 },
    });
    const failures: string[] = [];
    session.on('offline', ({ error }) => failures.push(error.message));
    await session.start();
    await expect.poll(() => server.connections).toBeGreaterThan(1);
    expect(pings).toBe(1);
    expect(failures[0]).toContain('did not answer a ping');
  });

  it('keeps the connection while the server answers', async () => {
    let pings = 0;
    await using server = await scriptedServer(async (peer) => {
      await logIn(peer);
      for (;;) {
        const [, id] = await peer.expect(/<iq [^>]*id="([^"]+)"[^>]*><ping /);
        pings += 1;
        peer.send(`<iq type='result' id='${id}' from='example.org'/>`);
      }
    });
    await using session = createSession({
      ...server.options,
      ping: { intervalMs: 20, timeoutMs: 2_000 },
    });
    await session.start();
    await expect.poll(() => pings).toBeGreaterThan(5);
    expect(server.connections).toBe(1);
  });
});
