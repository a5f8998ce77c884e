import { jobBytesAtMost, type SheetItem } from '@heavylift/jobs';
import { createTurns, type Item, type PubSubNode } from '@heavylift/xmpp-pubsub';

/** All that a node holds, in answers of bounded size. */
export async function readNode<T>(
  node: Pick<PubSubNode<T>, 'pages'>,
  signal: AbortSignal,
): Promise<readonly Item<T>[]> {
  const items: Item<T>[] = [];
  for await (const page of node.pages({ pageSize: 500, signal })) items.push(...page);
  return items;
}

/** Measures every entry, in small turns: opening the ledger then finds the sizes at hand, and need not stop everything else for it. */
export async function measureEntries(items: readonly SheetItem[]): Promise<void> {
  const pause = createTurns();
  for (const { sheet } of items) {
    for (const entry of sheet.jobs) {
      jobBytesAtMost(entry);
      await pause();
    }
  }
}
