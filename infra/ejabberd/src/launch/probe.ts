import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What a server says of itself before anybody logs in. */
export interface Features {
  /** `<stream:features/>` as it came. */
  readonly xml: string;
  /** Names of the SASL mechanisms, sorted. */
  readonly mechanisms: readonly string[];
}

export interface ProbeOptions {
  /** The domain asked for. @default localhost */
  readonly domain?: string;
  /** Certificate authority to trust, PEM; for `xmpps:`. @default what Node trusts */
  readonly ca?: string;
  /** Milliseconds. @default 5000 */
  readonly timeoutMs?: number;
}

/**
 * Opens a stream and reads which features the server offers (RFC 6120 section 4.3.2).
 *
 * @param service `xmpp://HOST:PORT`, or `xmpps://HOST:PORT` for TLS from the first byte.
 */
export async function streamFeatures(
  service: string,
  options: ProbeOptions = {},
): Promise<Features> {
  const { domain = 'localhost', ca, timeoutMs = 5_000 } = options;
  const { protocol, hostname: host, port } = new URL(service);
  const target = { host, port: Number(port) };
  const socket =
    protocol === 'xmpps:' ? connectTls({ ...target, ca, servername: domain }) : connect(target);
  try {
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new Error(`${service} did not offer its features within ${timeoutMs} ms`));
    });
    socket.write(
      `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' ` +
        `xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    const xml = await readUntil(socket, '</stream:features>');
    const names = [...xml.matchAll(/<mechanism>([^<]+)<\/mechanism>/g)];
    return { xml, mechanisms: names.flatMap(([, name]) => name ?? []).sort() };
  } finally {
    socket.destroy();
  }
}

function readUntil(socket: Socket, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes(end)) resolve(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`The server closed the stream after: ${text}`)));
  });
}

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
