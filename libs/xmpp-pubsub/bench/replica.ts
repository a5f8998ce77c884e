import { connectPubSub, type Session, textCodec } from '@heavylift/xmpp-pubsub';
import { type Element, Parser } from '@xmpp/xml';
import { parseJid } from '../src/jid.js';
import { NS_EVENT, NS_NOTE, NS_PUBSUB } from './contender.js';

const SERVICE = 'pubsub.example.org';
const notes = textCodec('note', NS_NOTE);

/** Heap in use after a collection, in MiB. */
export function heapMiB(): number {
  if (gc === undefined) throw new Error('run node with --expose-gc');
  gc();
  gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/**
 * Sends events through parser, service and one replica, without a server, which would take longer.
 * @returns the heap after each tenth of them, in MiB, and events a second
 */
export async function flood(total: number): Promise<{ heap: number[]; rate: number }> {
  const { session, deliver } = parsingSession();
  const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
  const content = new Map<string, string>();
  const replica = node.replicate({
    reset: () => content.clear(),
    event(event) {
      if (event.type === 'published')
        for (const { id, value } of event.items) content.set(id, value);
      if (event.type === 'retracted') for (const id of event.ids) content.delete(id);
    },
  });
  await replica.ready;

  const heap = [heapMiB()];
  const chunk = total / 10;
  const began = performance.now();
  for (let index = 0; index < total; index++) {
    // A thousand items live at a time; every third event is a retraction.
    const body =
      index % 3 === 2
        ? `<retract id="${(index * 7) % 1_000}"/>`
        : `<item id="${(index * 7) % 1_000}" publisher="a${index % 5_000}@example.org/x"><note xmlns="${NS_NOTE}">${index}</note></item>`;
    deliver(
      `<message from="${SERVICE}" type="headline"><event xmlns="${NS_EVENT}"><items node="n">${body}</items></event></message>`,
    );
    if (index % 1_000 === 0) await new Promise(setImmediate);
    if ((index + 1) % chunk === 0) heap.push(heapMiB());
  }
  const rate = (total / (performance.now() - began)) * 1_000;
  await replica.stop();
  if (content.size > 1_000) throw new Error(`${content.size} items: too many`);
  return { heap, rate };
}

/** A session that parses what it is given, as from a socket, and answers every read with no items. */
function parsingSession(): { session: Session; deliver(text: string): void } {
  const jid = parseJid('me@example.org/here');
  const listeners = new Set<(stanza: Element) => void>();
  const parser = new Parser();
  parser.on('element', (stanza: Element) => {
    for (const listener of listeners) listener(stanza);
  });
  parser.write('<stream xmlns="jabber:client">');
  const empty = new Parser();
  const answer = new Promise<Element>((resolve) => empty.on('element', resolve));
  empty.write(`<a><pubsub xmlns="${NS_PUBSUB}"><items node="n"/></pubsub>`);
  const session: Session = {
    status: 'online',
    jid,
    start: async () => jid,
    stop: async () => undefined,
    on(event, listener) {
      if (event !== 'stanza') return () => undefined;
      const take = (stanza: Element) => Reflect.apply(listener, undefined, [stanza]);
      listeners.add(take);
      return () => listeners.delete(take);
    },
    request: () => answer,
    send: async () => undefined,
    sendConfirmed: async () => undefined,
    handle: () => () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { session, deliver: (text) => parser.write(text) };
}
