import type { JobEntry, JobId } from '../domain/job.js';
import { type Sheet, sheetItemId } from '../domain/sheet.js';
import { compareAge, countsUnder, isNewer, isStale, missingBeside } from './rules.js';
import type { LedgerChanges, LedgerReplica, SheetItem } from './types.js';

/** What one sheet says of a job; no entry: that it has been let go. */
interface SheetRecord {
  readonly sheet: Sheet;
  readonly revision: number;
  readonly entry: JobEntry | undefined;
}

/** Reads what a node holds: the entries that count, and nothing else. */
export function readLedger(items: readonly SheetItem[]): LedgerReplica {
  const replica = createLedgerReplica();
  replica.reset(items);
  return replica;
}

/** A reader's view of the ledger, empty at first. The publisher of what it is fed has to be checked before. */
export function createLedgerReplica(): LedgerReplica {
  /** Sheets that count, by item id. */
  const sheets = new Map<string, Sheet>();
  /** Every record of a job in them. */
  const records = new Map<JobId, SheetRecord[]>();
  const open = new Map<JobId, SheetRecord & { readonly entry: JobEntry }>();
  /** Open jobs of which no record is left, while sheets are missing that may have one. */
  const doubtful = new Set<JobId>();
  let newest: Sheet | undefined;
  let refused = 0;

  const missing = () => missingBeside(sheets.size, newest);

  function hold(id: string, sheet: Sheet, touched: Set<JobId>): void {
    sheets.set(id, sheet);
    for (const entry of sheet.jobs) note(entry.id, { sheet, revision: entry.revision, entry });
    for (const { id: job, revision } of sheet.gone) {
      note(job, { sheet, revision, entry: undefined });
    }

    function note(job: JobId, record: SheetRecord): void {
      touched.add(job);
      const others = records.get(job);
      if (others === undefined) records.set(job, [record]);
      else others.push(record);
    }
  }

  function drop(id: string, sheet: Sheet, touched: Set<JobId>): void {
    sheets.delete(id);
    for (const { id: job } of [...sheet.jobs, ...sheet.gone]) {
      touched.add(job);
      const left = records.get(job)?.filter((record) => record.sheet !== sheet) ?? [];
      if (left.length === 0) records.delete(job);
      else records.set(job, left);
    }
  }

  /** The highest revision; copies that were carried over are alike. */
  function currentOf(job: JobId): SheetRecord | undefined {
    return records
      .get(job)
      ?.reduce((best, record) => (record.revision > best.revision ? record : best));
  }

  function take({ id, sheet }: SheetItem, touched: Set<JobId>): void {
    if (id !== sheetItemId(sheet)) {
      refused += 1;
      return;
    }
    if (isNewer(sheet, newest)) {
      newest = sheet;
      for (const [held, old] of sheets) if (!countsUnder(sheet, old)) drop(held, old, touched);
    }
    if (newest === undefined || sheets.has(id)) return;
    if (countsUnder(newest, sheet)) hold(id, sheet, touched);
    else if (isStale(newest, sheet)) refused += 1;
  }

  function changesOf(touched: Set<JobId>, epochBefore: number | undefined): LedgerChanges {
    const changed: JobEntry[] = [];
    const gone: JobId[] = [];
    const isIncomplete = missing() > 0;
    if (!isIncomplete) for (const job of doubtful) touched.add(job);
    for (const job of touched) {
      const before = open.get(job);
      const now = currentOf(job);
      if (now === undefined && isIncomplete) {
        if (before !== undefined) doubtful.add(job);
        continue;
      }
      doubtful.delete(job);
      if (now?.entry === undefined) {
        if (open.delete(job)) gone.push(job);
        continue;
      }
      const { entry } = now;
      open.set(job, { ...now, entry });
      const same = before?.revision === now.revision && before.sheet.epoch === now.sheet.epoch;
      if (!same) changed.push(entry);
    }
    return { changed, gone, newEpoch: newest !== undefined && newest.epoch !== epochBefore };
  }

  function apply(items: readonly SheetItem[], touched: Set<JobId>): LedgerChanges {
    const epochBefore = newest?.epoch;
    // Newest first: what a stale sheet says of the others must not be believed, not even for a moment.
    const newestFirst = [...items].sort((a, b) => compareAge(a.sheet, b.sheet));
    for (const item of newestFirst) take(item, touched);
    return changesOf(touched, epochBefore);
  }

  return {
    get epoch() {
      return newest?.epoch;
    },
    get lastNumber() {
      return newest?.lastNumber ?? 0;
    },
    get size() {
      return open.size;
    },
    get missing() {
      return missing();
    },
    get refused() {
      return refused;
    },
    get: (id) => open.get(id)?.entry,
    hasSeen: (position) => newest !== undefined && !isNewer(position, newest),

    *entries() {
      for (const { entry } of open.values()) yield entry;
    },

    reset(items) {
      const touched = new Set<JobId>(records.keys());
      sheets.clear();
      records.clear();
      return apply(items, touched);
    },

    published: (items) => apply(items, new Set()),
  };
}
