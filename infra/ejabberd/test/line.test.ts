import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Line, openLine } from '../src/index.js';

let server: Server;
let line: Line;
let client: Socket;
let heard = '';

beforeEach(async () => {
  heard = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => socket.write(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  line = await openLine(`xmpp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  client = await dial();
});
afterEach(async () => {
  client.destroy();
  await line.close();
  server.close();
});

async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(line.service);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  socket.on('data', (data) => {
    heard += data.toString();
  });
  await once(socket, 'connect');
  return socket;
}
const isHeard = (text: string) => expect.poll(() => heard, { timeout: 10_000 }).toBe(text);

it('lets through what is said, both ways and in order', async () => {
  client.write('one ');
  client.write('two');
  await isHeard('one two');
});

it('cuts a connection, and lets the next one through', async () => {
  const closed = once(client, 'close');
  line.cut();
  await closed;
  client = await dial();
  client.write('again');
  await isHeard('again');
});

it('swallows everything in a black hole, and cuts what was in it when it is over', async () => {
  line.blackHole();
  client.write('into the dark');
  const closed = once(client, 'close');
  await new Promise((resolve) => setTimeout(resolve, 100));
  line.heal();
  await closed;
  expect(heard).toBe('');
});

it('cuts inside a chunk', async () => {
  line.cutInside();
  const closed = once(client, 'close');
  client.write('x'.repeat(100));
  await closed;
  expect(heard.length).toBeLessThan(100);
});

it('delays, and keeps the order when it is quick again', async () => {
  line.slow(300);
  const began = performance.now();
  client.write('slow ');
  await new Promise((resolve) => setTimeout(resolve, 50));
  line.heal();
  client.write('quick');
  await isHeard('slow quick');
  expect(performance.now() - began).toBeGreaterThan(290);
});
