import {
  connectPubSub,
  createSession,
  jsonCodec,
  type SessionOptions,
} from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';

interface Reading {
  readonly celsius: number;
}

/** Whatever comes from outside is checked before it is a Reading. */
const readings = jsonCodec<Reading>((value) => {
  if (typeof value === 'object' && value !== null && 'celsius' in value) {
    const { celsius } = value;
    if (typeof celsius === 'number') return { celsius };
  }
  throw new Error('no reading');
});

/** Makes a node, subscribes to it, publishes, and gives what it heard. */
export async function quickStart(account: SessionOptions, pubsub: string): Promise<Reading> {
  await using session = createSession(account);
  // Events come to sessions that are available, so say so on every fresh stream.
  session.on('online', ({ resumed }) => {
    if (!resumed) session.send(xml('presence')).catch(() => undefined);
  });
  await session.start();

  const service = connectPubSub(session, { jid: pubsub });
  const { node } = await service.getOrCreate(
    'temperature',
    { accessModel: 'whitelist', maxItems: 10, sendLastPublishedItem: 'never' },
    readings,
  );

  const heard = new Promise<Reading>((resolve) => {
    node.on((event) => {
      if (event.type === 'published') for (const { value } of event.items) resolve(value);
    });
  });
  await node.subscribe();
  await node.publish({ celsius: 21.5 }, { id: 'hall' });
  return heard;
}
