import type { Affiliation, Drift } from '@heavylift/xmpp-pubsub';

/** The more somebody may do, the higher. */
const rights: Readonly<Record<Affiliation, number>> = {
  outcast: 0,
  none: 1,
  member: 2,
  'publish-only': 2,
  publisher: 3,
  owner: 4,
};

/** The more people a node is open to, the higher. */
const openness: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  accessModel: { whitelist: 0, authorize: 1, roster: 1, presence: 1, open: 2 },
  publishModel: { publishers: 0, subscribers: 1, open: 2 },
};

/** Whether the change lets somebody do more than before. */
export const isMoreRights = (was: Affiliation, now: Affiliation): boolean =>
  rights[now] > rights[was];

/** Whether putting the field right opens the node to more people. One whose state is not known counts as closed. */
export function opensUp({ field, was, wanted }: Drift): boolean {
  const scale = openness[field];
  if (scale === undefined) return false;
  return (scale[wanted] ?? 0) > (was === undefined ? 0 : (scale[was] ?? 0));
}
