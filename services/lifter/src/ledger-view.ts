import {
  createLedgerReplica,
  type JobEntry,
  type JobId,
  type Sheet,
  type SheetItem,
  type SheetPosition,
} from '@heavylift/jobs';
import { type Ignore, type Logger, trustPublishers } from '@heavylift/service';
import type {
  BareJid,
  Item,
  PubSubNode,
  Replica,
  ReplicaObserver,
  Session,
} from '@heavylift/xmpp-pubsub';
import { type Assignment, isAssignedTo } from './assignments.js';
import { latest } from './latest.js';
import type { LedgerNews } from './statements.js';

/** The ledger as it concerns one process. */
export interface LedgerView {
  /** What it gives to this process. */
  readonly mine: ReadonlyMap<JobId, Assignment>;
  /**
   * The ledger has been read since the connection was made, and the connection holds: what it says is true.
   * While it does not hold, this process may have been given up, and its jobs may be somebody else's.
   */
  readonly isCurrent: boolean;
  /** There is such a sheet: if it has not been seen, events were missed, and the ledger is read again. */
  heardOf(sheet: SheetPosition): void;
  /** Begins to follow the ledger. Resolves after the first read; rejects if it is stopped before. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LedgerViewOptions {
  readonly session: Pick<Session, 'jid' | 'status' | 'on'>;
  readonly node: Pick<PubSubNode<Sheet>, 'replicate'>;
  /** Bare JID of the only account whose sheets count. */
  readonly dispatcher: BareJid;
  readonly ignore: Ignore;
  readonly log: Logger;
  readonly onNews: (news: LedgerNews) => void;
}

/** Least time between two reads because of sheets that were not seen, in milliseconds. */
const rereadIntervalMs = 1_000;

export function createLedgerView(options: LedgerViewOptions): LedgerView {
  const { session, node, dispatcher, ignore, log, onNews } = options;
  const ledger = createLedgerReplica();
  // Whoever else can write to the node, by mistake or malice, gives no orders here.
  const trusted = trustPublishers([dispatcher], (item) => ignore('jobs', 'untrusted', item));
  const sheetItems = (items: readonly Item<Sheet>[]): SheetItem[] =>
    trusted(items).map(({ id, value }) => ({ id, sheet: value }));
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

  const observer: ReplicaObserver<Sheet> = {
    reset(items) {
      const changes = ledger.reset(sheetItems(items));
      // From scratch, for the server may have given the new stream another full JID.
      mine.clear();
      noteAll(ledger.entries());
      isCurrent = session.status === 'online';
      onNews({ ...changes, isReread: true });
    },
    event(event) {
      // Which sheets are gone is told by those that are left.
      if (event.type !== 'published') return;
      const { refused } = ledger;
      const changes = ledger.published(sheetItems(event.items));
      if (ledger.refused > refused)
        ignore('jobs', 'stale', { sheets: event.items.map(({ id }) => id) });
      for (const job of changes.gone) mine.delete(job);
      noteAll(changes.changed);
      onNews({ ...changes, isReread: false });
      if (ledger.missing > 0) reread.push();
    },
    failed: (err) => log.warn({ err }, 'the ledger could not be read, trying again'),
  };
  let replica: Replica | undefined;

  const reread = latest<void>(rereadIntervalMs, () => {
    log.warn({ missing: ledger.missing }, 'sheets were missed: reading the ledger again');
    // It fails only if the replica is stopped meanwhile.
    replica?.refresh().catch(() => undefined);
  });

  function noteAll(entries: Iterable<JobEntry>): void {
    const me = String(session.jid);
    for (const entry of entries) {
      if (isAssignedTo(entry, me)) mine.set(entry.id, entry);
      else mine.delete(entry.id);
    }
  }

  return {
    mine,
    get isCurrent() {
      return isCurrent;
    },
    heardOf(sheet) {
      if (isCurrent && !ledger.hasSeen(sheet)) reread.push();
    },
    start() {
      replica = node.replicate(observer, { subscribe: true });
      return replica.ready;
    },
    async stop() {
      isCurrent = false;
      for (const off of unlisten) off();
      reread.close();
      await replica?.stop();
    },
  };
}
