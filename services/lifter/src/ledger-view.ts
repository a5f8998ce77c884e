import type { JobId, LedgerChanges, LedgerReplica, Sheet, SheetItem } from '@heavylift/jobs';
import { createLedgerReplica } from '@heavylift/jobs';
import type { Logger } from '@heavylift/service';
import type { Item, PubSubEvent, PubSubNode, Session } from '@heavylift/xmpp-pubsub';
import { type Assignment, isAssignedTo } from './assignments.js';
import { latest } from './latest.js';

/** The ledger as it concerns one process. */
export interface LedgerView {
  /** What it gives to this process. */
  readonly mine: ReadonlyMap<JobId, Assignment>;
  /**
   * The ledger has been read since the connection was made, and the connection holds: what it says is true.
   * While it does not hold, this process may have been given up, and its jobs may be somebody else's.
   */
  readonly isCurrent: boolean;
  /** Resolves after the first read. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export interface LedgerViewOptions {
  readonly session: Session;
  readonly node: PubSubNode<Sheet>;
  /** Bare JID of the only account whose sheets count. */
  readonly dispatcher: string;
  readonly log: Logger;
  readonly onChange: (changes: LedgerChanges) => void;
}

/** Least time between two reads because of sheets that were not seen, in milliseconds. */
const rereadIntervalMs = 1_000;

export function createLedgerView(options: LedgerViewOptions): LedgerView {
  const { session, node, dispatcher, log, onChange } = options;
  const ledger: LedgerReplica = createLedgerReplica();
  const mine = new Map<JobId, Assignment>();
  let isCurrent = false;

  const unlisten = [
    session.on('offline', () => {
      isCurrent = false;
    }),
    session.on('online', ({ resumed }) => {
      // A resumed stream has lost nothing; after a new one the replica reads anew.
      if (resumed) isCurrent = true;
    }),
  ];

  const replica = node.replicate(
    {
      reset(items) {
        const changes = ledger.reset(items.flatMap(trusted));
        mine.clear();
        for (const entry of ledger.entries()) note(entry);
        isCurrent = session.status === 'online';
        onChange(changes);
      },
      event(event) {
        const changes = changesOf(event);
        if (changes === undefined) return;
        for (const job of changes.gone) mine.delete(job);
        for (const entry of changes.changed) note(entry);
        onChange(changes);
        if (ledger.missing > 0) reread.push();
      },
      failed: (error) => log.warn({ err: error }, 'the ledger could not be read, trying again'),
    },
    { subscribe: true },
  );

  const reread = latest<void>(rereadIntervalMs, () => {
    log.warn({ missing: ledger.missing }, 'sheets were missed: reading the ledger again');
    // It fails only if the replica is stopped meanwhile.
    replica.refresh().catch(() => undefined);
  });

  function note(entry: Parameters<typeof isAssignedTo>[0]): void {
    if (isAssignedTo(entry, String(session.jid))) mine.set(entry.id, entry);
    else mine.delete(entry.id);
  }

  function changesOf(event: PubSubEvent<Sheet>): LedgerChanges | undefined {
    switch (event.type) {
      case 'published':
        return ledger.published(event.items.flatMap(trusted));
      case 'retracted':
        return ledger.retracted(event.ids);
      case 'purged':
        return ledger.reset([]);
      case 'deleted':
        log.error({ node: node.name }, 'the node of the ledger was deleted');
        return undefined;
      default:
        return undefined;
    }
  }

  /** Whoever else can write to the node, by mistake or malice, gives no orders here. */
  function trusted({ id, value, publisher }: Item<Sheet>): SheetItem[] {
    if (publisher?.bare().toString() === dispatcher) return [{ id, sheet: value }];
    log.warn({ item: id, publisher: publisher?.toString() }, 'ignored a sheet of a stranger');
    return [];
  }

  return {
    mine,
    get isCurrent() {
      return isCurrent;
    },
    ready: replica.ready,
    async stop() {
      isCurrent = false;
      for (const off of unlisten) off();
      reread.close();
      await replica.stop();
    },
  };
}
