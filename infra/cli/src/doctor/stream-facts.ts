/** What a server says of itself before anybody logs in: a look at the stream, without credentials. */
import { resolveSrv } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Element, Parser } from '@xmpp/xml';

export interface StreamFacts {
  readonly where: string;
  /** The other end is on this machine. */
  readonly loopback: boolean;
  readonly startTls: 'required' | 'offered' | 'missing' | 'not needed';
  /** Offered before the stream is encrypted. */
  readonly plainMechanisms: readonly string[];
  /** Undefined if the stream cannot be encrypted. */
  readonly tls: TlsFacts | undefined;
  /** Offered to who logs in as a service does. */
  readonly mechanisms: readonly string[];
  /** XEP-0478, where the server says it. */
  readonly maxStanzaBytes: number | undefined;
}

export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** Why the certificate is not to be trusted, if so. */
  readonly refusal: string | undefined;
  readonly issuer: string;
  readonly validTo: Date;
}

export interface LookOptions {
  readonly service: string;
  readonly domain: string;
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

/** @throws Error if the server cannot be reached, or does not speak XMPP. */
export async function lookAtStream(options: LookOptions): Promise<StreamFacts> {
  const { host, port, directTls } = await targetOf(options.service, options.domain);
  const plain = await opened(connect({ host, port, noDelay: true }), 'connect', options.timeoutMs);
  const sockets: Socket[] = [plain];
  const loopback = /^(::ffff:)?127\.|^::1$/.test(plain.remoteAddress ?? '');
  const base = { where: `${host}:${port}`, loopback };
  const encrypt = async (): Promise<TLSSocket> => {
    const { ca, domain, timeoutMs } = options;
    // Nothing secret is sent: so that a bad certificate can be told, it is looked at all the same.
    const socket = connectTls({
      socket: plain,
      servername: domain,
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
    });
    sockets.push(socket);
    return opened(socket, 'secureConnect', timeoutMs);
  };
  try {
    if (directTls) {
      const secure = await encrypt();
      const features = await openStream(secure, options);
      return {
        ...base,
        startTls: 'not needed',
        plainMechanisms: [],
        tls: tlsFacts(secure),
        ...said(features),
      };
    }
    const before = await openStream(plain, options);
    const offer = before.getChild('starttls', 'urn:ietf:params:xml:ns:xmpp-tls');
    const plainMechanisms = said(before).mechanisms;
    if (offer === undefined) {
      return { ...base, startTls: 'missing', plainMechanisms, tls: undefined, ...said(before) };
    }
    const startTls = offer.getChild('required') === undefined ? 'offered' : 'required';
    await proceed(plain, options.timeoutMs);
    const secure = await encrypt();
    const after = await openStream(secure, options);
    return { ...base, startTls, plainMechanisms, tls: tlsFacts(secure), ...said(after) };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function said(features: Element): Pick<StreamFacts, 'mechanisms' | 'maxStanzaBytes'> {
  const offered = features.getChild('mechanisms', 'urn:ietf:params:xml:ns:xmpp-sasl');
  const limit = features
    .getChild('limits', 'urn:xmpp:stream-limits:0')
    ?.getChild('max-bytes')
    ?.text();
  return {
    mechanisms: offered?.getChildren('mechanism').map((mechanism) => mechanism.text()) ?? [],
    maxStanzaBytes: limit === undefined ? undefined : Number(limit),
  };
}

function tlsFacts(socket: TLSSocket): TlsFacts {
  const certificate = socket.getPeerCertificate();
  const { authorizationError: refusal } = socket;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    refusal: refusal ? String(refusal) : undefined,
    issuer: String(certificate.issuer?.O ?? certificate.issuer?.CN ?? 'unknown'),
    validTo: new Date(certificate.valid_to),
  };
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly directTls: boolean;
}

async function targetOf(service: string, domain: string): Promise<Target> {
  if (URL.canParse(service)) {
    const { hostname, port, protocol } = new URL(service);
    const directTls = protocol === 'xmpps:';
    const host = hostname.replace(/^\[|\]$/g, '');
    return { host, port: port === '' ? (directTls ? 5223 : 5222) : Number(port), directTls };
  }
  const records = await resolveSrv(`_xmpp-client._tcp.${service}`).catch(() => []);
  const [first] = records.sort((a, b) => a.priority - b.priority);
  return { host: first?.name ?? domain, port: first?.port ?? 5222, directTls: false };
}

/** Opens a stream and waits for its features (RFC 6120 section 4.3.2). */
function openStream(socket: Socket, { domain, timeoutMs }: LookOptions): Promise<Element> {
  const header = `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
  return answerTo(socket, header, timeoutMs, (text, found) => {
    const parser = new Parser();
    parser.on('element', (element: Element) => {
      if (element.getName() === 'features') found(element);
    });
    parser.write(text);
  });
}

function proceed(socket: Socket, timeoutMs: number): Promise<true> {
  const request = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
  return answerTo(socket, request, timeoutMs, (text, found) => {
    if (text.includes('<proceed')) found(true);
  });
}

/** Sends, and has all that arrived so far looked at again and again, until something is found in it. */
function answerTo<T>(
  socket: Socket,
  request: string,
  timeoutMs: number,
  look: (text: string, found: (what: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer) => {
      text += chunk.toString('utf8');
      try {
        look(text, (what) => settle(() => resolve(what)));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onClose = () => settle(() => reject(new Error('the server closed the connection')));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`the server said nothing for ${timeoutMs} ms`))),
      timeoutMs,
    );
    function settle(end: () => void): void {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      end();
    }
    socket.on('data', onData).on('close', onClose);
    socket.write(request);
  });
}

function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('it took too long')), timeoutMs);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve(socket);
    });
    // Stays, for the time after.
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
