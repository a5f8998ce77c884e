import { connectPubSub, type Replica, type Session, textCodec } from '@heavylift/xmpp-pubsub';

const notes = textCodec('note', 'urn:example:note');

/** Keeps a map in step with a node, whatever happens to the connection. */
export function mirror(session: Session, pubsub: string, name: string) {
  const content = new Map<string, string>();
  const node = connectPubSub(session, { jid: pubsub }).node(name, notes);
  const replica: Replica = node.replicate(
    {
      // All there is: at first, and again after every break.
      reset(items) {
        content.clear();
        for (const { id, value } of items) content.set(id, value);
      },
      // What changed since, one event at a time.
      event(event) {
        if (event.type === 'published') {
          for (const { id, value } of event.items) content.set(id, value);
        } else if (event.type === 'retracted') {
          for (const id of event.ids) content.delete(id);
        } else if (event.type === 'purged' || event.type === 'deleted') {
          content.clear();
        }
      },
    },
    { subscribe: true },
  );
  return { content, replica };
}
