import { vi } from 'vitest';
import type { PubSubEvent, PubSubNode, Unlisten } from '../../../src/index.js';

type OfType<T, K> = Extract<PubSubEvent<T>, { readonly type: K }>;

export interface Recording<T> {
  readonly events: readonly PubSubEvent<T>[];
  readonly stop: Unlisten;
  /** Waits for the first event of the type, for some seconds. */
  first<K extends PubSubEvent<T>['type']>(type: K): Promise<OfType<T, K>>;
  /** Waits until a test of all events holds, for some seconds. */
  until(holds: (events: readonly PubSubEvent<T>[]) => boolean): Promise<void>;
}

/** Notes the events of a node. */
export function record<T>(node: PubSubNode<T>): Recording<T> {
  const events: PubSubEvent<T>[] = [];
  const stop = node.on((event) => events.push(event));
  const until = async (holds: (events: readonly PubSubEvent<T>[]) => boolean) => {
    await vi.waitUntil(() => holds(events), { timeout: 10_000, interval: 5 });
  };
  const isOf =
    <K extends PubSubEvent<T>['type']>(type: K) =>
    (event: PubSubEvent<T>): event is OfType<T, K> =>
      event.type === type;
  return {
    events,
    stop,
    until,
    async first(type) {
      await until((all) => all.some(isOf(type)));
      const found = events.find(isOf(type));
      if (found === undefined) throw new Error(`no event '${type}'`);
      return found;
    },
  };
}

/** The ids of all published items, in order. */
export const publishedIds = <T>(events: readonly PubSubEvent<T>[]): string[] =>
  events.flatMap((event) => (event.type === 'published' ? event.items.map(({ id }) => id) : []));
