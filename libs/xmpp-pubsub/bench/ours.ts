import { connectPubSub, createSession, textCodec } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { type Arena, type Contender, NS_NOTE } from './contender.js';

const notes = textCodec('note', NS_NOTE);

/** This library, as its README says; without stream management to compare it with what has none. */
export const ours =
  (streamManagement: boolean) =>
  async (arena: Arena): Promise<Contender> => {
    const logIn = async (username: string) => {
      const { service, domain, password } = arena;
      const tls = { allowPlaintextOnLoopback: true };
      const session = createSession({
        service,
        domain,
        username,
        password,
        tls,
        ...(streamManagement ? {} : { streamManagement: false as const }),
      });
      await session.start();
      await session.send(xml('presence'));
      return {
        session,
        node: connectPubSub(session, { jid: arena.pubsub }).node(arena.node, notes),
      };
    };
    const publisher = await logIn(arena.publisher);
    const subscriber = await logIn(arena.subscriber);
    return {
      async publish(id, text) {
        await publisher.node.publish(text, { id });
      },
      onEvent(listener) {
        subscriber.node.on((event) => {
          if (event.type !== 'published') return;
          for (const { id, value } of event.items) listener(id, value);
        });
      },
      async close() {
        await publisher.session.stop();
        await subscriber.session.stop();
      },
    };
  };
