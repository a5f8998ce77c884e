import { expect, it, vi } from 'vitest';
import { createSession } from '../../src/index.js';
import { logIn, scriptedServer } from './scripted-server.js';

const connected: unknown[] = [];
vi.mock('node:net', async (importActual) => {
  const actual = await importActual<typeof import('node:net')>();
  const connect = (options: import('node:net').NetConnectOpts) => {
    connected.push(options);
    return actual.connect(options);
  };
  return { ...actual, connect };
});

// No API tells whether a socket has TCP_NODELAY, and the 40 ms that it saves come only at times.
it("turns Nagle's algorithm off", async () => {
  await using server = await scriptedServer((peer) => logIn(peer));
  await using session = createSession(server.options);
  await session.start();
  expect(connected).toMatchObject([{ port: server.port, noDelay: true }]);
});
