import type { JobResult } from '@heavylift/jobs';
import { accountOf, type BareJid, type Item } from '@heavylift/xmpp-pubsub';

type Refused = (item: { readonly id: string; readonly publisher: string | undefined }) => void;

/**
 * Lets only those items through that one of the accounts published, as the service itself names the publisher (XEP-0060 section 7.1.2.3).
 * An item that names none is refused too: its node is not configured with `itemreply=publisher`.
 */
export function trustPublishers(
  accounts: readonly BareJid[],
  onRefused: Refused,
): <T>(items: readonly Item<T>[]) => readonly Item<T>[] {
  const trusted = new Set(accounts);
  return (items) =>
    items.filter((item) => {
      const { id, publisher } = item;
      if (publisher !== undefined && trusted.has(publisher.bare)) return true;
      onRefused({ id, publisher: publisher?.toString() });
      return false;
    });
}

/**
 * Lets through only what an account published under its own name: of nodes where an item's id says whose it is. Ids of one account are
 * its bare JID and, where others took that, the bare JID with a slash and anything behind it.
 */
export function trustNamesakes(
  accounts: readonly BareJid[],
  onRefused: Refused,
): <T>(items: readonly Item<T>[]) => readonly Item<T>[] {
  const trusted = trustPublishers(accounts, onRefused);
  return (items) =>
    trusted(items).filter(({ id, publisher }) => {
      if (publisher !== undefined && accountOf(id) === publisher.bare) return true;
      onRefused({ id, publisher: publisher?.toString() });
      return false;
    });
}

/**
 * Lets through what the dispatcher says of any job, and what lifters say of jobs that they have run themselves.
 * @param bot bare JID of the dispatcher
 * @param lifters theirs
 */
export function trustResults(
  bot: BareJid,
  lifters: readonly BareJid[],
  onRefused: Refused,
): (items: readonly Item<readonly JobResult[]>[]) => readonly JobResult[] {
  const trusted = trustPublishers([bot, ...lifters], onRefused);
  return (items) =>
    trusted(items).flatMap((item) => {
      const publisher = item.publisher?.bare;
      if (publisher === bot) return item.value;
      const own = item.value.filter(
        ({ lifter }) => lifter !== undefined && accountOf(lifter) === publisher,
      );
      if (own.length < item.value.length) onRefused({ id: item.id, publisher });
      return own;
    });
}
