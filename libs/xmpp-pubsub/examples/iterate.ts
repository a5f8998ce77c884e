import { connectPubSub, type Session, textCodec } from '@heavylift/xmpp-pubsub';

const notes = textCodec('note', 'urn:example:note');

/** Collects texts until one says stop. */
export async function listenUntilStop(
  session: Session,
  pubsub: string,
  name: string,
): Promise<string[]> {
  const node = connectPubSub(session, { jid: pubsub }).node(name, notes);
  // Listens from here on; what comes before the loop asks for it waits in a bounded buffer.
  const events = node.events({ maxBuffered: 100 });
  await node.subscribe();
  const texts: string[] = [];
  for await (const event of events) {
    if (event.type !== 'published') continue;
    for (const { value } of event.items) {
      if (value === 'stop') return texts;
      texts.push(value);
    }
  }
  return texts;
}
