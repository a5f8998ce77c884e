import { Socket } from 'node:net';
import { client, xml } from '@xmpp/client';
import type { Element } from '@xmpp/xml';
import { type Arena, type Contender, NS_EVENT, NS_NOTE, NS_PUBSUB } from './contender.js';

/**
 * @xmpp/client as it comes, with the least that publishing and hearing of it takes. As it comes it leaves Nagle's algorithm on, which
 * costs it 40 ms a round trip; the rival to be measured against is the one without.
 */
export const bareClient =
  (noDelay: boolean) =>
  async (arena: Arena): Promise<Contender> => {
    const logIn = async (username: string) => {
      const { service, domain, password } = arena;
      const entity = client({ service, domain, username, password });
      entity.on('error', () => undefined);
      entity.on('connect', () => {
        const { socket } = entity;
        if (noDelay && socket instanceof Socket) socket.setNoDelay();
      });
      await entity.start();
      await entity.send(xml('presence'));
      return entity;
    };
    const publisher = await logIn(arena.publisher);
    const subscriber = await logIn(arena.subscriber);
    return {
      async publish(id, text) {
        const note = xml('note', { xmlns: NS_NOTE }, text);
        const publish = xml('publish', { node: arena.node }, xml('item', { id }, note));
        const pubsub = xml('pubsub', { xmlns: NS_PUBSUB }, publish);
        await publisher.iqCaller.request(xml('iq', { type: 'set', to: arena.pubsub }, pubsub));
      },
      onEvent(listener) {
        subscriber.on('stanza', (stanza: Element) => {
          const items = stanza.getChild('event', NS_EVENT)?.getChild('items');
          for (const item of items?.getChildren('item') ?? []) {
            listener(String(item.attrs['id']), item.getChildText('note') ?? '');
          }
        });
      },
      async close() {
        await publisher.stop();
        await subscriber.stop();
      },
    };
  };
