import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { type Element, Parser } from '@xmpp/xml';
import { type Arena, type Contender, NS_EVENT, NS_NOTE, NS_PUBSUB } from './contender.js';

/** A socket, templates and a parser: nothing is checked, nothing is repaired, nothing ends by itself. */
export async function minimalLoop(arena: Arena): Promise<Contender> {
  const publisher = await logIn(arena, arena.publisher);
  const subscriber = await logIn(arena, arena.subscriber);
  const waiting = new Map<string, () => void>();
  let counter = 0;
  publisher.onStanza((stanza) => {
    if (stanza.name !== 'iq') return;
    const { id } = stanza.attrs;
    waiting.get(id)?.();
    waiting.delete(id);
  });
  return {
    publish: (id, text) =>
      new Promise((resolve) => {
        const request = `r${++counter}`;
        waiting.set(request, resolve);
        publisher.socket.write(
          `<iq type="set" id="${request}" to="${arena.pubsub}"><pubsub xmlns="${NS_PUBSUB}"><publish node="${arena.node}"><item id="${id}"><note xmlns="${NS_NOTE}">${escaped(text)}</note></item></publish></pubsub></iq>`,
        );
      }),
    onEvent(listener) {
      subscriber.onStanza((stanza) => {
        const items = stanza.getChild('event', NS_EVENT)?.getChild('items');
        for (const item of items?.getChildren('item') ?? []) {
          listener(item.attrs['id'], item.getChildText('note') ?? '');
        }
      });
    },
    async close() {
      for (const { socket } of [publisher, subscriber]) {
        const closed = once(socket, 'close');
        socket.end('</stream:stream>');
        await closed;
      }
    },
  };
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

interface Connection {
  readonly socket: Socket;
  onStanza(listener: (stanza: Element) => void): void;
}

async function logIn(arena: Arena, username: string): Promise<Connection> {
  const { hostname, port } = new URL(arena.service);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let listener: (stanza: Element) => void = () => undefined;
  const next = () =>
    new Promise<Element>((resolve) => {
      listener = resolve;
    });
  let parser = new Parser();
  const decoder = new StringDecoder('utf8');
  const open = async () => {
    parser = new Parser();
    parser.on('element', (element: Element) => {
      // The server ends sessions that do not answer its pings.
      const { type, id, from } = element.attrs;
      if (element.name === 'iq' && type === 'get') {
        socket.write(`<iq type="result" id="${id}" to="${from}"/>`);
      } else listener(element);
    });
    const features = next();
    socket.write(
      `<?xml version="1.0"?><stream:stream to="${arena.domain}" version="1.0" xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">`,
    );
    await features;
  };
  const ask = (text: string) => {
    const answer = next();
    socket.write(text);
    return answer;
  };
  socket.on('data', (data) => parser.write(decoder.write(data)));
  await open();
  const secret = Buffer.from(`\0${username}\0${arena.password}`).toString('base64');
  const success = await ask(
    `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${secret}</auth>`,
  );
  if (success.name !== 'success') throw new Error(`no login: ${success}`);
  await open();
  await ask('<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>');
  // Our own presence comes back to us.
  await ask('<presence/>');
  return {
    socket,
    onStanza(take) {
      listener = take;
    },
  };
}
