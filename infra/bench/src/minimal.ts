import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { now } from '@heavylift/testbed';
import { connectPubSub, createSession } from '@heavylift/xmpp-pubsub';
import { quantile } from './stats.js';

export interface Minimal {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/**
 * What a socket and templates get from the same kind of server, one thing at a time: nothing is parsed beyond finding the end of a stanza.
 * Faster than this nothing can be.
 */
export async function minimalClient(ms: number): Promise<Minimal[]> {
  // PLAIN, as the simplest of all logins.
  const server = await startEjabberd({ disabledMechanisms: [], nodeCreators: 'all' });
  try {
    const { domain, pubsub } = server;
    await makeNodes(server);
    const one = await logIn(server, 'one');
    const two = await logIn(server, 'two');
    two.onText = (text) => {
      if (text.includes('<body>')) two.socket.write(messageTo(`one@${domain}`));
    };
    const publish = (node: string) =>
      `<iq type='set' id='p' to='${pubsub}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item id='i'><e xmlns='urn:example'>${'x'.repeat(400)}</e></item></publish></pubsub></iq>`;
    const rows = [
      await timed('message there and back', ms, () =>
        exchange(one, messageTo(`two@${domain}`), (text) => text.includes('</message>')),
      ),
      await flooded('messages one way', ms, one, two, messageTo(`two@${domain}`)),
      await timed('publish, not kept', ms, () => exchange(one, publish('passing'), isResult)),
      await timed('publish, kept', ms, () => exchange(one, publish('kept'), isResult)),
    ];
    one.socket.destroy();
    two.socket.destroy();
    return rows;
  } finally {
    await server.stop();
  }
}

const isResult = (text: string): boolean => text.includes("type='result'");
const messageTo = (to: string): string =>
  `<message type='chat' to='${to}'><body>hello</body></message>`;

async function timed(what: string, ms: number, once: () => Promise<void>): Promise<Minimal> {
  const times: number[] = [];
  for (const limit = now() + ms; now() < limit; ) {
    const began = now();
    await once();
    times.push(now() - began);
  }
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return { what, p50: quantile(times, 0.5), p99: quantile(times, 0.99), perSecond: 1_000 / mean };
}

/** Messages that are on their way at any time. */
const floodInFlight = 256;

/** As many as pass: what the server, and two clients that do nothing else, have both processors for. */
async function flooded(
  what: string,
  ms: number,
  from: Connection,
  to: Connection,
  message: string,
): Promise<Minimal> {
  const sent: number[] = [];
  const times: number[] = [];
  let rest = '';
  const limit = now() + ms;
  const send = (count: number): void => {
    for (let index = 0; index < count; index += 1) sent.push(now());
    from.socket.write(message.repeat(count));
  };
  await new Promise<void>((resolve) => {
    to.onText = (text) => {
      const parts = (rest + text).split('</message>');
      rest = parts.pop() ?? '';
      const at = now();
      for (const began of sent.splice(0, parts.length)) times.push(at - began);
      if (at < limit) send(parts.length);
      else if (sent.length === 0) resolve();
    };
    send(floodInFlight);
  });
  const perSecond = (times.length / (now() - limit + ms)) * 1_000;
  return { what, p50: quantile(times, 0.5), p99: quantile(times, 0.99), perSecond };
}

interface Connection {
  readonly socket: Socket;
  onText: (text: string) => void;
}

function exchange(
  connection: Connection,
  text: string,
  isEnd: (text: string) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    let heard = '';
    connection.onText = (more) => {
      heard += more;
      if (isEnd(heard)) resolve();
    };
    connection.socket.write(text);
  });
}

async function logIn(server: EjabberdServer, username: string): Promise<Connection> {
  const { hostname, port } = new URL(server.service);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  const connection: Connection = { socket, onText: () => undefined };
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    // The server ends sessions that do not answer its pings.
    const ping = /<iq[^>]*id='([^']+)'[^>]*><ping/.exec(text);
    if (ping !== null) socket.write(`<iq type='result' id='${ping[1]}'/>`);
    connection.onText(text);
  });
  const open = `<?xml version='1.0'?><stream:stream to='${server.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
  const hasFeatures = (text: string) => text.includes('</stream:features>');
  await exchange(connection, open, hasFeatures);
  const secret = Buffer.from(`\0${username}\0secret`).toString('base64');
  const auth = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`;
  await exchange(connection, auth, (text) => text.includes('<success'));
  await exchange(connection, open, hasFeatures);
  const bind = `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`;
  await exchange(connection, bind, isResult);
  await exchange(connection, '<presence/>', (text) => text.includes('<presence'));
  return connection;
}

async function makeNodes({ service, domain, pubsub, register }: EjabberdServer): Promise<void> {
  for (const name of ['one', 'two']) await register(name, 'secret');
  const session = createSession({
    service,
    domain,
    username: 'one',
    password: 'secret',
    tls: { allowPlaintextOnLoopback: true },
  });
  await session.start();
  const at = connectPubSub(session, { jid: pubsub });
  await at.node('passing').create({ persistItems: false, accessModel: 'open' });
  await at.node('kept').create({ persistItems: true, accessModel: 'open' });
  await session.stop();
}
