import { connectPubSub, type PayloadCodec, type Session } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';

interface Mood {
  readonly name: string;
  readonly because: string;
}

const NS_MOOD = 'urn:example:mood';

/** How a Mood stands in an item. Elements are only ever built by `xml()`, so nothing needs escaping. */
const moods: PayloadCodec<Mood> = {
  encode: ({ name, because }) => xml('mood', { xmlns: NS_MOOD, name }, because),
  decode(payload) {
    const { name } = payload.attrs;
    if (!payload.is('mood', NS_MOOD) || typeof name !== 'string') throw new Error('no mood');
    return { name, because: payload.getText() };
  },
};

/** Publishes several at a time and reads the newest two back. */
export async function ownPayload(session: Session, pubsub: string): Promise<Mood[]> {
  const node = connectPubSub(session, { jid: pubsub }).node('moods', moods);
  await node.create({ maxItems: 100 });
  const outcomes = await node.publishAll(
    [
      { id: 'a', value: { name: 'calm', because: 'it is early' } },
      { id: 'b', value: { name: 'vexed', because: '2 < 1 & nobody noticed' } },
      { id: 'c', value: { name: 'happy', because: 'it is \u{1f3cb} day' } },
    ],
    { inFlight: 1 },
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  const newest = await node.items({ max: 2 });
  return newest.map(({ value }) => value);
}
