import type { JobEntry, JobId, NewJob } from '../domain/job.js';
import type { Sheet, SheetPosition } from '../domain/sheet.js';

/** A sheet as the node holds it. */
export interface SheetItem {
  /** The item's id; a sheet under another id than `sheetItemId` gives does not count. */
  readonly id: string;
  readonly sheet: Sheet;
}

/** What never changes in an entry. */
type Fixed = 'id' | 'number' | 'revision' | 'submitted';
type Optional = 'notBefore' | 'deadline' | 'asOf' | 'uniqueKey' | 'traceparent' | 'cancelRequested';

/** New values for an entry; `undefined` takes an optional one away. */
export type EntryChange = Partial<Omit<JobEntry, Fixed | Optional>> & {
  readonly [K in Optional]?: JobEntry[K] | undefined;
};

export interface LedgerOptions {
  /** Higher than every earlier leader's: it comes with the leader's lock. */
  readonly epoch: number;
  /** Everything the node holds, in any order. */
  readonly items: readonly SheetItem[];
  /** No new job gets this number or a lower one, whatever the items say: the node may have forgotten some. @default 0 */
  readonly lastNumberAtLeast?: number;
  /** Entries a sheet holds, at most. @default 128 */
  readonly maxJobs?: number;
  /** Bytes of XML its entries take, at most; the rest of a sheet stays under 16 KiB. @default 98_304 */
  readonly maxBytes?: number;
  /** When entries take so many bytes in all, new failures are kept in short. @default 32 MiB */
  readonly safeBytes?: number;
}

/** A sheet to publish, under its id. */
export type Flush = SheetItem;

/** What stands in the node for good now. */
export interface Confirmation {
  /** Entries as they were written, in the order of their changes; those carried over from older sheets are not among them. */
  readonly written: readonly JobEntry[];
}

/**
 * The writer's side of the ledger. All state changes at once and in memory; what `nextFlush` gives is to be published, what
 * `nextRetraction` gives to be retracted.
 */
export interface Ledger {
  readonly epoch: number;
  /** Open jobs. */
  readonly size: number;
  /** Bytes that their entries take, at most. */
  readonly bytes: number;
  /** Those of one requester's, by `requesterKey`. */
  bytesOf(requester: string): number;
  /** Sheets that count, the one in flight included. */
  readonly sheets: number;
  readonly lastNumber: number;
  /** The newest sheet that the node holds, as far as is known; undefined before the first. */
  readonly newest: SheetPosition | undefined;
  entries(): IterableIterator<JobEntry>;
  get(id: JobId): JobEntry | undefined;
  /** Whether the service has confirmed the job as it is now; true of one that is open no more. */
  isConfirmed(id: JobId): boolean;
  /**
   * Takes a job in; it is accepted once a confirmation has it.
   * @throws JobsError `duplicate-job`, `entry-too-large`
   */
  add(job: NewJob): JobEntry;
  /**
   * Takes a job in again that the node has lost, under its number and with a higher revision. Whatever its size: it was accepted.
   * @throws JobsError `duplicate-job`
   */
  restore(entry: JobEntry): JobEntry;
  /** Puts a later state of a job in place of an earlier one that the node has, whatever its size. @throws JobsError `unknown-job` */
  renew(entry: JobEntry): void;
  /** @throws JobsError `unknown-job`, `entry-too-large`; nothing has changed then */
  change(id: JobId, change: EntryChange): JobEntry;
  /**
   * Takes other values for the entry, which are written with its next change: a change would have its lifter answer anew.
   * @throws JobsError `unknown-job`
   */
  amend(id: JobId, change: EntryChange): JobEntry;
  /** Lets a job go, for good. @throws JobsError `unknown-job` */
  remove(id: JobId): void;
  /** What the next flush would have to say, a sheet that failed included; `removals` may wait a little for company, `entries` may not. */
  readonly due: 'nothing' | 'removals' | 'entries';
  /**
   * The sheet to publish now; nothing if there is nothing to say, or if one is in flight. After `publishFailed` it gives the same
   * sheet again under the same id, until that is confirmed: whether it had arrived or not makes no difference then.
   */
  nextFlush(): Flush | undefined;
  /** The service has the sheet. What is not in flight is ignored, so a result and an event may both say so. */
  confirmed(itemId: string): Confirmation | undefined;
  /** The sheet may or may not have arrived. */
  publishFailed(itemId: string): void;
  /**
   * Compares with the ids of all items that the node holds now, read while nothing was in flight: what it lost is written anew, e.g. after
   * somebody purged it or lowered its `max_items`.
   * @returns how many sheets it lost
   */
  verify(itemIds: Iterable<string>): number;
  /** Its first sheet: what earlier leaders wrote under its number or a higher one was not read at the take-over. */
  readonly since: SheetPosition;
  /** Items that count no more and that are to be retracted, too. */
  discard(itemIds: readonly string[]): void;
  /** An item to retract now; nothing if there is none. Every item is given once, until `retractFailed`. */
  nextRetraction(): string | undefined;
  /** The item is gone, or was not there. */
  retracted(itemId: string): void;
  /** It may still be there. It counts no more in any case; it is given again later, a few times. */
  retractFailed(itemId: string): void;
}

/** What a reader's view lost and gained by what was applied. */
export interface LedgerChanges {
  /** Entries that are new, have another revision, or were written anew by another epoch. */
  readonly changed: readonly JobEntry[];
  /** Jobs that are open no more. One that a missing sheet may have anew is not among them until all sheets have been seen. */
  readonly gone: readonly JobId[];
  /** A higher epoch has begun. */
  readonly newEpoch: boolean;
}

/** A reader's side of the ledger: fed with what the node holds and with its events, in any order and as often as they come. */
export interface LedgerReplica {
  /** The highest epoch seen; undefined before the first sheet. */
  readonly epoch: number | undefined;
  readonly lastNumber: number;
  readonly size: number;
  /** How many sheets that count have not been seen. Not 0: events were lost, so read the node again. */
  readonly missing: number;
  /** Sheets refused so far: of an epoch that is over, or under another id than theirs. */
  readonly refused: number;
  get(id: JobId): JobEntry | undefined;
  entries(): IterableIterator<JobEntry>;
  /** Whether that sheet, or a newer one, has been seen. */
  hasSeen(position: SheetPosition): boolean;
  /** The whole content of the node: what is not in it is forgotten, except that the epoch never goes back. */
  reset(items: readonly SheetItem[]): LedgerChanges;
  /** Sheets that an event brought. Retractions need no telling: a sheet is retracted only after a newer one has said that it is dead. */
  published(items: readonly SheetItem[]): LedgerChanges;
}
