import type { Item } from '@heavylift/xmpp-pubsub';

/**
 * Lets only those items through that one of the accounts published, as the service itself names the publisher (XEP-0060 section 7.1.2.3).
 * An item that names none is refused too: its node is not configured with `itemreply=publisher`.
 */
export function trustPublishers(
  accounts: readonly string[],
  onRefused: (item: { readonly id: string; readonly publisher: string | undefined }) => void,
): <T>(items: readonly Item<T>[]) => readonly Item<T>[] {
  const trusted = new Set(accounts);
  return (items) =>
    items.filter(({ id, publisher }) => {
      if (publisher !== undefined && trusted.has(publisher.bare().toString())) return true;
      onRefused({ id, publisher: publisher?.toString() });
      return false;
    });
}
