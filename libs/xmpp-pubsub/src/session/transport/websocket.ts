import { XmppError } from '../../errors.js';
import { isLoopbackHost } from '../tls-policy.js';
import type { DialOptions, Transport } from './types.js';

/** Bytes that may wait in the WebSocket before the caller is told to pause. */
const HIGH_WATER_BYTES = 65_536;
/** A WebSocket has no event for "there is room again". */
const DRAIN_POLL_MS = 20;

/** What is used of the platform's WebSocket. Node 20 has none, and its types neither. */
interface WebSocketLike {
  readonly protocol: string;
  readonly bufferedAmount: number;
  send(data: string): void;
  close(): void;
  addEventListener(type: 'open' | 'error' | 'close', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

declare global {
  var WebSocket: (new (url: string, protocols: string[]) => WebSocketLike) | undefined;
}

export function webSocketRefusal(): string | undefined {
  return globalThis.WebSocket === undefined
    ? 'there is no global WebSocket here (Node has one from 22 on): use xmpp:// or xmpps://'
    : undefined;
}

/** XMPP over WebSocket (RFC 7395). The platform checks the certificate of wss://, against the URL's host. */
export async function dialWebSocket(
  url: string,
  { signal, events }: DialOptions,
): Promise<Transport> {
  if (globalThis.WebSocket === undefined) {
    throw new XmppError('invalid-option', `Cannot use ${url}: ${webSocketRefusal()}`);
  }
  signal.throwIfAborted();
  const socket = new globalThis.WebSocket(url, ['xmpp']);
  const { protocol, hostname } = new URL(url);
  let closed = false;
  let draining: ReturnType<typeof setInterval> | undefined;

  const close = (error: Error | undefined) => {
    if (closed) return;
    closed = true;
    clearInterval(draining);
    socket.close();
    events.closed(error);
  };
  const pollUntilDrained = () => {
    if (draining !== undefined || closed) return;
    draining = setInterval(() => {
      if (socket.bufferedAmount >= HIGH_WATER_BYTES) return;
      clearInterval(draining);
      draining = undefined;
      events.drained();
    }, DRAIN_POLL_MS);
  };

  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error | undefined) => {
      close(error);
      reject(error ?? new Error(`The WebSocket to ${url} closed before it was open`));
    };
    signal.addEventListener('abort', () => fail(undefined), { once: true });
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => fail(new Error(`The WebSocket to ${url} failed`)));
    socket.addEventListener('close', () => fail(undefined));
    socket.addEventListener('message', ({ data }) => {
      if (!closed && typeof data === 'string') events.text(data);
    });
  });

  return {
    secure: protocol === 'wss:',
    loopback: isLoopbackHost(hostname),
    framed: true,
    write(stanzas) {
      if (closed) return false;
      for (const stanza of stanzas) socket.send(stanza);
      const room = socket.bufferedAmount < HIGH_WATER_BYTES;
      if (!room) pollUntilDrained();
      return room;
    },
    startTls: () =>
      Promise.reject(new Error('A WebSocket is encrypted by its URL, wss://, or never')),
    destroy: () => close(undefined),
  };
}
