import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'vitest';

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

/** The stream features that a server offers to a new connection (RFC 6120 section 4.3.2). */
export async function streamFeatures(service: string, ca?: string): Promise<string> {
  const { protocol, hostname, port } = new URL(service);
  const target = { host: hostname, port: Number(port) };
  const socket =
    protocol === 'xmpps:'
      ? connectTls({ ...target, ca, servername: 'localhost' })
      : connect(target);
  try {
    socket.write(HEADER);
    return await readUntil(socket, '</stream:features>');
  } finally {
    socket.destroy();
  }
}

export function readUntil(socket: Socket | TLSSocket, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes(end)) resolve(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after: ${text}`)));
  });
}

export const mechanisms = (features: string): string[] =>
  [...features.matchAll(/<mechanism>([^<]+)<\/mechanism>/g)].map(([, name]) => name ?? '').sort();

/** Whether somebody listens at a service's port. */
export function isListening(service: string): Promise<boolean> {
  const { hostname, port } = new URL(service);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits for something that happens in another process. */
export const eventually = (check: () => unknown): Promise<void> =>
  expect.poll(check, { timeout: 15_000, interval: 50 }).toBeTruthy();
