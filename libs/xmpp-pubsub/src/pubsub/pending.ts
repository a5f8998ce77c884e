import type { Item, PubSubEvent } from './types/event.js';

/** What events said while items were being read: not the events, but what they come to. */
export interface Pending<T> {
  /** More changed than may be kept, so what was read is worth nothing. */
  readonly overflown: boolean;
  /** Events that say more than which items there are. */
  readonly others: readonly PubSubEvent<T>[];
  add(event: PubSubEvent<T>): void;
  /** Puts the changes on top of what was read. Harmless for what the read saw already. */
  applyTo(content: Map<string, Item<T>>): void;
}

/** @param limit ids and other events that are kept at most */
export function createPending<T>(limit: number): Pending<T> {
  /** The last word on each id; `undefined`: gone. */
  const changes = new Map<string, Item<T> | undefined>();
  let others: PubSubEvent<T>[] = [];
  let purged = false;
  let overflown = false;

  return {
    get overflown() {
      return overflown;
    },
    get others() {
      return others;
    },
    add(event) {
      if (overflown) return;
      switch (event.type) {
        case 'published':
          for (const item of event.items) putLast(changes, item.id, item);
          if (event.withoutPayload !== undefined) others.push(event);
          break;
        case 'retracted':
          for (const id of event.ids) putLast(changes, id, undefined);
          break;
        case 'purged':
          purged = true;
          changes.clear();
          break;
        default:
          others.push(event);
      }
      overflown = changes.size + others.length > limit;
      if (overflown) {
        changes.clear();
        others = [];
      }
    },
    applyTo(content) {
      if (purged) content.clear();
      for (const [id, item] of changes) {
        if (item === undefined) content.delete(id);
        else putLast(content, id, item);
      }
    },
  };
}

/** A Map is in the order of first insertion; what was published last shall stand last. */
function putLast<V>(map: Map<string, V>, id: string, value: V): void {
  map.delete(id);
  map.set(id, value);
}
