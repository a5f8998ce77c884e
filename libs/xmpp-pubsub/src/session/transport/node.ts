import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { domainToASCII } from 'node:url';
import { XmppError } from '../../errors.js';
import { isLoopbackHost } from '../tls-policy.js';
import type { DialOptions, Platform, Target, Transport } from './types.js';
import { dialWebSocket, webSocketRefusal } from './websocket.js';

type TcpTarget = Extract<Target, { kind: 'tcp' }>;

export const platform: Platform = {
  refusal: (service) => (/^wss?:\/\//.test(service) ? webSocketRefusal() : undefined),
  caRefusal,
  lookUp,
  dial: (target, options) =>
    target.kind === 'websocket' ? dialWebSocket(target.url, options) : dialTcp(target, options),
};

async function lookUp(domain: string, signal: AbortSignal): Promise<readonly Target[]> {
  signal.throwIfAborted();
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const find = async (service: string, directTls: boolean) => {
    // No record, or no DNS at all: the domain itself is tried instead (RFC 6120 section 3.2.2).
    const records = await resolver
      .resolveSrv(`_${service}._tcp.${domainToASCII(domain)}`)
      .catch(() => []);
    return records
      .filter(({ name }) => name !== '' && name !== '.')
      .map(({ name, port, priority, weight }) => ({
        priority,
        // RFC 2782: a record's chance to come first grows with its weight.
        draw: Math.random() ** (1 / (weight + 0.01)),
        target: { kind: 'tcp' as const, host: name, port, directTls },
      }));
  };
  const found = (
    await Promise.all([find('xmpps-client', true), find('xmpp-client', false)])
  ).flat();
  signal.removeEventListener('abort', cancel);
  if (found.length === 0) return [{ kind: 'tcp', host: domain, port: 5222, directTls: false }];
  return found
    .sort((a, b) => a.priority - b.priority || b.draw - a.draw)
    .map(({ target }) => target);
}

async function dialTcp(target: TcpTarget, options: DialOptions): Promise<Transport> {
  const { domain, ca, signal, events } = options;
  signal.throwIfAborted();
  // Requests and answers are small: Nagle's algorithm would hold each back by up to 40 ms.
  const plain = connect({ host: target.host, port: target.port, noDelay: true });
  let encrypted: TLSSocket | undefined;
  let failure: Error | undefined;
  let ended = false;

  const destroy = () => {
    encrypted?.destroy();
    plain.destroy();
  };
  const closed = () => {
    if (ended) return;
    ended = true;
    signal.removeEventListener('abort', destroy);
    destroy();
    events.closed(failure);
  };
  const follow = (socket: Socket) => {
    const decoder = new StringDecoder('utf8');
    const turn = createTurnBudget(socket);
    socket.on('data', (chunk) => {
      turn.begin();
      events.text(decoder.write(chunk));
      turn.end();
    });
    socket.on('drain', events.drained);
    socket.on('error', (error) => {
      failure ??= error;
    });
    socket.on('close', closed);
  };
  const established = (socket: Socket, event: 'connect' | 'secureConnect') =>
    new Promise<void>((resolve, reject) => {
      socket.once(event, () => resolve());
      socket.once('close', () => reject(failure ?? new Error('The connection was closed')));
    });

  const startTls = async () => {
    // What comes from now on is for the TLS layer alone; its errors still end up in `failure`.
    plain.removeAllListeners('data').removeAllListeners('drain');
    encrypted = connectTls({
      socket: plain,
      host: domain,
      ...(isIP(domain) === 0 && { servername: domainToASCII(domain) }),
      ...(target.directTls && { ALPNProtocols: ['xmpp-client'] }),
      ...(ca !== undefined && { ca }),
    });
    follow(encrypted);
    try {
      await established(encrypted, 'secureConnect');
    } catch (error) {
      const { authorizationError } = encrypted;
      if (!authorizationError) throw error;
      throw new XmppError(
        'certificate-refused',
        `The certificate of ${target.host}:${target.port} was refused for ${domain} (${authorizationError}): trust its authority with tls.ca, or have the server's certificate put right`,
        { cause: error },
      );
    }
  };

  signal.addEventListener('abort', destroy, { once: true });
  follow(plain);
  await established(plain, 'connect');
  if (target.directTls) await startTls();

  return {
    get secure() {
      return encrypted !== undefined;
    },
    loopback: isLoopbackHost(plain.remoteAddress ?? ''),
    framed: false,
    write: (stanzas) => (encrypted ?? plain).write(stanzas.join('')),
    startTls,
    destroy,
  };
}

/** What one connection may take of a turn of the event loop, in milliseconds; the rest waits in the socket for the next turn. */
const TURN_MS = 10;

/** libuv hands over many chunks in one turn. Read all at once, a large answer would keep timers and other connections waiting. */
function createTurnBudget(socket: Socket): { begin(): void; end(): void } {
  let began: number | undefined;
  let ending: NodeJS.Immediate | undefined;
  const next = () => {
    began = undefined;
    ending = undefined;
    if (socket.isPaused()) socket.resume();
  };
  socket.once('close', () => clearImmediate(ending));
  return {
    begin() {
      began ??= performance.now();
      ending ??= setImmediate(next);
    },
    end() {
      if (began !== undefined && performance.now() - began > TURN_MS) socket.pause();
    },
  };
}

function caRefusal(pem: string): string | undefined {
  try {
    new X509Certificate(pem);
    return undefined;
  } catch (error) {
    return `it is no certificate in PEM (${error instanceof Error ? error.message : error})`;
  }
}
