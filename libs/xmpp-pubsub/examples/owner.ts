import { connectPubSub, type Drift, hasCondition, type Session } from '@heavylift/xmpp-pubsub';

/** Sets up a node for members only, and says what was not as wanted. */
export async function setUp(
  session: Session,
  pubsub: string,
  name: string,
  members: readonly string[],
): Promise<readonly Drift[]> {
  const service = connectPubSub(session, { jid: pubsub });
  try {
    const { node, drift } = await service.getOrCreate(name, {
      title: 'For members',
      accessModel: 'whitelist',
      publishModel: 'publishers',
      maxItems: 'max',
    });
    await node.setAffiliations(members.map((jid) => ({ jid, affiliation: 'member' })));
    return drift;
  } catch (error) {
    if (hasCondition(error, 'forbidden')) {
      throw new Error(`${name} belongs to somebody else`, { cause: error });
    }
    throw error;
  }
}
