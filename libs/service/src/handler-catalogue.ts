import type { HandlerSpec } from '@heavylift/jobs';
import type { Item, PubSubNode, Replica } from '@heavylift/xmpp-pubsub';

type Handlers = readonly HandlerSpec[];

/** What lifters can do, by the handler's name, kept in step with the `handlers` node. */
export interface HandlerCatalogue {
  readonly specs: ReadonlyMap<string, HandlerSpec>;
  readonly replica: Replica;
}

/** @param trusted lets through the items of those accounts that may have handlers */
export function replicateHandlers(
  node: PubSubNode<Handlers>,
  trusted: (items: readonly Item<Handlers>[]) => readonly Item<Handlers>[],
  failed: (error: unknown) => void,
): HandlerCatalogue {
  // By item, one a lifter account: a spec that one of them takes back may still be another's.
  const byItem = new Map<string, Handlers>();
  const specs = new Map<string, HandlerSpec>();

  function put(items: readonly Item<Handlers>[]): void {
    for (const { id, value } of trusted(items)) byItem.set(id, value);
    specs.clear();
    for (const spec of [...byItem.values()].flat()) specs.set(spec.name, spec);
  }

  const replica = node.replicate({
    reset(items) {
      byItem.clear();
      put(items);
    },
    event(event) {
      if (event.type === 'retracted') for (const id of event.ids) byItem.delete(id);
      put(event.type === 'published' ? event.items : []);
    },
    failed,
  });
  return { specs, replica };
}
