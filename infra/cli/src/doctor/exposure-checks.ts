import { randomUUID } from 'node:crypto';
import { nodeName, nodeRoles } from '@heavylift/jobs';
import { messageOf, pubsubJid } from '@heavylift/service';
import {
  connectPubSub,
  hasCondition,
  type PubSubService,
  type Session,
} from '@heavylift/xmpp-pubsub';
import { doubt, type Finding, right, unseen, wrong } from './finding.js';
import type { Patient } from './patient.js';

/** What strangers may do and see at the PubSub service, as far as one of our accounts can tell. */
export async function checkExposure(session: Session, patient: Patient): Promise<Finding[]> {
  const pubsub = connectPubSub(session, { jid: pubsubJid(patient.config) });
  const creation = await nodeCreation(pubsub, patient);
  return [creation, ...(await visibleNodes(pubsub, patient))];
}

const restrict =
  'Allow only the administrator, the bot and the notifier to create nodes (ejabberd: access_createnode of mod_pubsub; Prosody: pubsub:create-node).';

/** A lifter needs no nodes of its own: if it may make one, anybody may. The node is empty, and deleted at once. */
async function nodeCreation(pubsub: PubSubService, patient: Patient): Promise<Finding> {
  const { role, config } = patient;
  if (role !== 'lifter') {
    const text = "whether anybody may create nodes shows by a lifter's configuration";
    return unseen('pubsub.node-creation', text);
  }
  const node = pubsub.node(`${config.NODE_PREFIX}doctor/${randomUUID()}`);
  try {
    await node.create({ accessModel: 'whitelist', publishModel: 'publishers' });
  } catch (error) {
    if (hasCondition(error, 'forbidden', 'not-allowed', 'registration-required'))
      return right('pubsub.node-creation', 'a lifter may create no nodes');
    return unseen('pubsub.node-creation', messageOf(error));
  }
  await node.delete();
  const text =
    'a lifter may create nodes, so anybody may: nodes cost memory, and one in the name of a lock disturbs elections';
  return wrong('pubsub.node-creation', text, restrict);
}

/** Nodes that this account has nothing to do with, and is told of all the same. */
async function visibleNodes(pubsub: PubSubService, { config }: Patient): Promise<Finding[]> {
  const ours = new Set(nodeRoles.map((role) => nodeName(role, config.NODE_PREFIX)));
  try {
    const own = new Set((await pubsub.affiliations()).map(({ node }) => node));
    const visible: string[] = [];
    for await (const { node } of pubsub.nodes())
      if (ours.has(node) && !own.has(node)) visible.push(node);
    if (visible.length === 0) return [];
    const text = `anybody is told the names, titles and owners of nodes, such as ${visible[0]}; not what is in them`;
    const mend =
      'ejabberd has no option against it: choose a NODE_PREFIX that says nothing, and titles likewise.';
    return [doubt('pubsub.nodes-visible', text, mend)];
  } catch (error) {
    return [unseen('pubsub.nodes-visible', messageOf(error))];
  }
}
