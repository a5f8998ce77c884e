import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { SessionOptions } from '../../src/index.js';

/** A server that misbehaves as told: raw TCP, one script a connection. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** Session options that lead here. */
  readonly options: SessionOptions;
  /** Connections so far. */
  readonly connections: number;
  /** Sockets that are open right now. */
  readonly open: number;
}

export type Script = (peer: Peer, connection: number) => Promise<void>;

export interface Peer {
  readonly socket: Socket;
  send(text: string): void;
  /** Waits for text that matches; what it consumed up to there is not seen again. */
  expect(pattern: RegExp): Promise<RegExpExecArray>;
  /** All text that came and was not consumed. */
  readonly unread: string;
  readonly closed: Promise<unknown>;
  /** Answers the client's goodbye. @default true */
  polite: boolean;
}

class Gone extends Error {}

export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const failures: unknown[] = [];
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    connections += 1;
    script(newPeer(socket), connections).catch((error: unknown) => {
      if (!(error instanceof Gone)) failures.push(error);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    options: {
      service: `xmpp://127.0.0.1:${port}`,
      domain: 'example.org',
      username: 'juliet',
      password: PASSWORD,
      tls: { allowPlaintextOnLoopback: true },
      backoff: { initialMs: 10, maxMs: 50 },
    },
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      if (failures.length > 0) throw failures[0];
    },
  };
}

function newPeer(socket: Socket): Peer {
  let unread = '';
  let look: () => void = () => undefined;
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    unread += text;
    look();
    if (peer.polite && unread.includes('</stream:stream>')) socket.end('</stream:stream>');
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const peer: Peer = {
    socket,
    closed,
    polite: true,
    get unread() {
      return unread;
    },
    send: (text) => void socket.write(text),
    expect: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          const match = pattern.exec(unread);
          if (match === null) return;
          look = () => undefined;
          unread = unread.slice(match.index + match[0].length);
          resolve(match);
        };
        void closed.then(() => reject(new Gone(`closed while waiting for ${pattern}`)));
        look();
      }),
  };
  return peer;
}

// --- Scenes ------------------------------------------------------------------------------------

export const PASSWORD = 'r0m30myr0m30';
export const OWN_JID = 'juliet@example.org/balcony';
export const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' from='example.org' version='1.0'>";
const SM = "<sm xmlns='urn:xmpp:sm:3'/>";
const BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";

export const features = (content: string): string =>
  `${HEADER}<stream:features>${content}</stream:features>`;
export const mechanisms = (...names: string[]): string =>
  `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${names.map((name) => `<mechanism>${name}</mechanism>`).join('')}</mechanisms>`;

export interface LoginScene {
  readonly mechanism?: 'SCRAM-SHA-1' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  /** Offer stream management. */
  readonly sm?: boolean;
  /** What the server signs with, if not the password. */
  readonly serverPassword?: string;
  /** Send the server's proof in a challenge, then an empty success (RFC 6120 allows both). */
  readonly proofAsChallenge?: boolean;
}

/** The server's part from the first header to the end of SASL, by node:crypto, so as to check the client's WebCrypto against another implementation. */
export async function authenticateClient(peer: Peer, scene: LoginScene = {}): Promise<void> {
  const { mechanism = 'SCRAM-SHA-256', serverPassword = PASSWORD } = scene;
  const hash = mechanism.replace('SCRAM-', '').replace('-', '').toLowerCase();
  const bits = { sha1: 20, sha256: 32, sha512: 64 }[hash] ?? 0;
  await peer.expect(/<stream:stream [^>]*to="example.org"[^>]*>/);
  peer.send(features(mechanisms('PLAIN', mechanism)));
  const [, used, first] = await peer.expect(/<auth [^>]*mechanism="([^"]+)"[^>]*>([^<]*)<\/auth>/);
  if (used !== mechanism) throw new Error(`the client chose ${used}`);
  const clientFirstBare = fromBase64(first).replace(/^n,,/, '');
  const nonce = `${/r=([^,]+)/.exec(clientFirstBare)?.[1]}${randomBytes(9).toString('base64')}`;
  const salt = randomBytes(16);
  const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=4096`;
  peer.send(sasl('challenge', serverFirst));

  const [, response] = await peer.expect(/<response [^>]*>([^<]*)<\/response>/);
  const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(fromBase64(response)) ?? [];
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const auth = `${clientFirstBare},${serverFirst},${withoutProof}`;
  const salted = (password: string) => pbkdf2Sync(password, salt, 4096, bits, hash);
  const stored = createHash(hash)
    .update(hmac(salted(PASSWORD), 'Client Key'))
    .digest();
  const signature = hmac(stored, auth);
  const clientKey = Buffer.from(proof, 'base64').map((byte, at) => byte ^ (signature[at] ?? 0));
  if (!timingSafeEqual(createHash(hash).update(clientKey).digest(), stored)) {
    peer.send(`<failure xmlns='${NS_SASL}'><not-authorized/></failure>`);
    await peer.closed;
    return;
  }
  const verifier = `v=${hmac(hmac(salted(serverPassword), 'Server Key'), auth).toString('base64')}`;
  if (scene.proofAsChallenge) {
    peer.send(sasl('challenge', verifier));
    await peer.expect(/<response [^>]*>(<\/response>)?/);
    peer.send(`<success xmlns='${NS_SASL}'/>`);
  } else {
    peer.send(sasl('success', verifier));
  }
}

/** The server's part of a whole login, up to the bound resource (and stream management, with `sm`). */
export async function logIn(peer: Peer, scene: LoginScene = {}): Promise<void> {
  await authenticateClient(peer, scene);
  await peer.expect(/<stream:stream [^>]*>/);
  peer.send(features(scene.sm ? BIND + SM : BIND));
  await bindClient(peer);
  if (!scene.sm) return;
  await peer.expect(/<enable [^>]*resume="true"[^>]*\/>/);
  peer.send(`<enabled xmlns='urn:xmpp:sm:3' id='previous' resume='true' max='10'/>`);
}

export async function bindClient(peer: Peer): Promise<void> {
  const [, id] = await peer.expect(/<iq [^>]*id="([^"]+)"[^>]*><bind .*?<\/iq>/);
  peer.send(
    `<iq type='result' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${OWN_JID}</jid></bind></iq>`,
  );
}

/** Logs in and waits for `<resume/>` instead of binding. */
export async function awaitResume(peer: Peer): Promise<number> {
  await authenticateClient(peer);
  await peer.expect(/<stream:stream [^>]*>/);
  peer.send(features(BIND + SM));
  const [, h] = await peer.expect(/<resume [^>]*h="(\d+)"[^>]*previd="previous"[^>]*\/>/);
  return Number(h);
}

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const sasl = (name: string, data: string) =>
  `<${name} xmlns='${NS_SASL}'>${Buffer.from(data).toString('base64')}</${name}>`;
const fromBase64 = (text = '') => Buffer.from(text, 'base64').toString('utf8');
