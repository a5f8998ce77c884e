import {
  eventsCodec,
  failedCodec,
  handlersCodec,
  type NodeRole,
  nodeName,
  resultsCodec,
  scheduleCodec,
  sheetCodec,
} from '@heavylift/jobs';
import { type Ignore, trustNamesakes, trustPublishers, trustResults } from '@heavylift/service';
import type { BareJid, PubSubService } from '@heavylift/xmpp-pubsub';

export type DispatcherNodes = ReturnType<typeof openNodes>;

export function openNodes(pubsub: PubSubService, prefix: string) {
  const name = (role: NodeRole) => nodeName(role, prefix);
  return {
    jobs: pubsub.node(name('jobs'), sheetCodec),
    results: pubsub.node(name('results'), resultsCodec),
    events: pubsub.node(name('events'), eventsCodec),
    handlers: pubsub.node(name('handlers'), handlersCodec),
    failed: pubsub.node(name('failed'), failedCodec),
    schedules: pubsub.node(name('schedules'), scheduleCodec),
  };
}

/** Bare JIDs. */
export interface Accounts {
  /** The dispatcher's own. */
  readonly bot: BareJid;
  readonly lifters: readonly BareJid[];
  readonly notifier: BareJid;
}

/** Lets through what was published by an account that may. */
export function trustIn({ bot, lifters, notifier }: Accounts, ignore: Ignore) {
  const refused = (node: NodeRole) => (item: { readonly id: string }) =>
    ignore(node, 'untrusted', item);
  return {
    jobs: trustPublishers([bot], refused('jobs')),
    results: trustResults(bot, lifters, refused('results')),
    events: trustPublishers([notifier, ...lifters], refused('events')),
    handlers: trustNamesakes(lifters, refused('handlers')),
    failed: trustPublishers([bot], refused('failed')),
    schedules: trustPublishers([bot], refused('schedules')),
  };
}
