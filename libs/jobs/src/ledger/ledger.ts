import type { JobEntry, JobId } from '../domain/job.js';
import { type EpochStart, type GoneJob, type SheetPosition, sheetItemId } from '../domain/sheet.js';
import { JobsError } from '../errors.js';
import { GONE_BYTES, jobBytesAtMost } from '../payloads/size.js';
import { present } from '../xml/read.js';
import { createBooks, type Job, type Page } from './books.js';
import { createDraft, type Draft } from './draft.js';
import { briefly } from './failures.js';
import { createLoad } from './load.js';
import { createRetractions } from './retractions.js';
import { epochsFrom, gapsBetween, readSheets } from './rules.js';
import type { EntryChange, Flush, Ledger, LedgerOptions } from './types.js';

/** Tombstones a sheet holds, at most; they go first, being small and freeing sheets. */
const MAX_GONE = 128;
/** Past so many epochs since the floor, the oldest sheet is carried over, so that the floor rises. */
const MAX_EPOCHS = 16;
/** From twice as many on, sheets are to be half full. */
const MANY_SHEETS = 128;
/** So many sheets are few, however empty. */
const FEW_SHEETS = 16;
/** Bytes of XML an entry takes, at most: what carries it elsewhere has room for so much. */
const MAX_ENTRY_BYTES = 49_152;
/** Bytes that a new entry takes at most; its failures to come may take as many. */
export const NEW_ENTRY_BYTES = MAX_ENTRY_BYTES / 2;
/** So many bytes of entries fit the node in any case: a thousand sheets, of which each may be half empty. */
const SAFE_BYTES = 32 * 1_048_576;
/** Kept free of failures, for whom the job is given to and who asks for its end: those changes must never be refused. */
const RESERVED_BYTES = 8_192;

interface InFlight extends Flush {
  readonly written: readonly JobEntry[];
  /** Items that are dead once this sheet has arrived. */
  readonly buries: readonly string[];
  sent: boolean;
}

/**
 * Opens the ledger as its one writer, from what the node holds. The first flush is due at once: it tells everyone that the epoch
 * has begun.
 *
 * Whatever is decided is decided when a sheet is planned, on the assumption that it arrives, and the same sheet is published until
 * it has: no other is ever planned before. So a crash leaves the node as it was either before or after a sheet, and nothing has to
 * be rolled back.
 *
 * @throws JobsError `stale-epoch`, `invalid-option`
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { epoch, items, maxJobs = 128, maxBytes = 98_304, safeBytes = SAFE_BYTES } = options;
  if (maxJobs < 2 || maxBytes < 4_096) {
    throw new JobsError(
      'invalid-option',
      `maxJobs is ${maxJobs} and maxBytes ${maxBytes}: at least 2 and 4096 are needed`,
    );
  }
  const entryBytes = Math.min(maxBytes, MAX_ENTRY_BYTES);
  const reservedBytes = Math.min(RESERVED_BYTES, entryBytes / 4);
  const { newest, counting, idle } = readSheets(items);
  if (newest !== undefined && newest.epoch >= epoch) {
    throw new JobsError(
      'stale-epoch',
      `cannot open the ledger as epoch ${epoch}: sheet ${sheetItemId(newest)} is of epoch ${newest.epoch}`,
    );
  }

  /** Jobs whose last change is in no sheet yet, in the order of their changes. */
  const changes = new Map<JobId, Job>();
  /** Jobs let go while a sheet that counts has a record of them. */
  const removals = new Map<JobId, Job>();
  /** Items that no sheet says are dead yet. */
  let closed: string[] = [];
  const retractions = createRetractions(idle);
  const books = createBooks(
    (page) => closed.push(page.itemId),
    (job) => {
      changes.delete(job.id);
      removals.delete(job.id);
    },
  );

  const load = createLoad();
  let size = 0;
  let sequence = newest?.sequence ?? 0;
  let epochs: readonly EpochStart[] = [...(newest?.epochs ?? []), { epoch, since: sequence + 1 }];
  let lastNumber = Math.max(newest?.lastNumber ?? 0, options.lastNumberAtLeast ?? 0);
  const since: SheetPosition = { epoch, sequence: sequence + 1 };
  let begun = false;
  let inFlight: InFlight | undefined;
  let latest: SheetPosition | undefined = newest && {
    epoch: newest.epoch,
    sequence: newest.sequence,
  };

  for (const sheet of counting) {
    const page = books.openPage(sheet.sequence, sheetItemId(sheet));
    for (const entry of sheet.jobs) {
      restore(page, entry, jobBytesAtMost(entry), entry);
      lastNumber = Math.max(lastNumber, entry.number);
    }
    for (const gone of sheet.gone) restore(page, gone, GONE_BYTES, undefined);
  }
  for (const { entry, bytes } of books.jobs.values()) {
    if (entry === undefined) continue;
    size += 1;
    load.add(entry, bytes);
  }

  function restore(page: Page, { id, revision }: GoneJob, bytes: number, entry?: JobEntry): void {
    const known = books.jobs.get(id);
    if (known?.entry !== undefined && entry === undefined) books.letGo(known);
    const job = books.jobs.get(id) ?? books.openJob(id);
    job.entry = entry;
    job.revision = revision;
    job.bytes = bytes;
    books.write(job, page);
  }

  function openEntry(id: JobId): { job: Job; entry: JobEntry } {
    const job = books.jobs.get(id);
    if (job?.entry === undefined) {
      throw new JobsError('unknown-job', `job ${id} does not stand in the ledger`);
    }
    return { job, entry: job.entry };
  }

  /** An entry is refused before it can get stuck; a new one may take half of what is allowed, for its failures to come. */
  function measure(entry: JobEntry, limit: number): number {
    const bytes = jobBytesAtMost(entry);
    if (bytes <= limit) return bytes;
    throw new JobsError(
      'entry-too-large',
      `the entry of job ${entry.id} takes ${bytes} bytes, ${limit} are allowed`,
    );
  }

  function takeIn(entry: JobEntry, limit: number): JobEntry {
    if (books.jobs.has(entry.id)) {
      throw new JobsError('duplicate-job', `job ${entry.id} stands in the ledger already`);
    }
    const bytes = measure(entry, limit);
    load.add(entry, bytes);
    const job = books.openJob(entry.id);
    job.entry = entry;
    job.revision = entry.revision;
    job.bytes = bytes;
    changes.set(job.id, job);
    lastNumber = Math.max(lastNumber, entry.number);
    size += 1;
    return entry;
  }

  function put(job: Job, entry: JobEntry): void {
    const bytes = jobBytesAtMost(entry);
    load.add(entry, bytes - job.bytes);
    job.bytes = bytes;
    job.entry = entry;
    job.revision = entry.revision;
    changes.set(job.id, job);
  }

  /**
   * Four times as many sheets as the entries of open jobs would fill, and a few. With fewer, much would be carried over again and again.
   * Of a large ledger no more than twice as many, though: it has to fit the node, and to be read soon.
   */
  function sheetsAllowed(): number {
    const filled = Math.max(books.open / maxJobs, books.neededBytes / maxBytes);
    return FEW_SHEETS + Math.ceil(Math.min(4 * filled, MANY_SHEETS + 2 * filled));
  }

  function plan(): InFlight {
    sequence += 1;
    const itemId = sheetItemId({ epoch, sequence });
    const crowded = books.pages.size > sheetsAllowed();
    const page = books.openPage(sequence, itemId);
    const draft = createDraft(books, page, { maxJobs, maxBytes }, ({ id }) => {
      changes.delete(id);
      removals.delete(id);
    });

    for (const job of removals.values()) {
      if (draft.gone.length >= MAX_GONE) break;
      draft.take(job);
    }
    // Half of a crowded ledger's sheet is for what is carried over, or it would never get less.
    for (const job of changes.values()) if (!draft.take(job, crowded ? 0.5 : 1)) break;
    const written = [...draft.jobs];
    carryOver(draft, page, crowded);

    const [floor = sequence] = books.pages.keys();
    epochs = epochsFrom(epochs, floor);
    const buries = closed;
    closed = [];
    begun = true;
    return {
      id: itemId,
      sheet: {
        epoch,
        sequence,
        floor,
        dead: gapsBetween(books.pages.keys()),
        epochs,
        lastNumber,
        jobs: draft.jobs,
        gone: draft.gone,
      },
      written,
      buries,
      sent: true,
    };
  }

  /**
   * Makes old pages close, by taking over what is needed of them. Of equally empty ones the oldest goes first: when it has closed, the
   * tombstones of its jobs in later pages are needed no longer.
   */
  function carryOver(draft: Draft, page: Page, crowded: boolean): void {
    const [oldest] = books.pages.values();
    if (epochs.length > MAX_EPOCHS && oldest !== undefined && oldest !== page) draft.carry(oldest);
    if (!crowded) return;
    const emptiest = [...books.pages.values()]
      .filter((candidate) => candidate !== page)
      .sort((a, b) => weight(a) - weight(b));
    for (const from of emptiest) {
      if (!draft.hasRoomFor(from) || books.pages.size <= 0.75 * sheetsAllowed()) return;
      draft.carry(from);
    }
  }

  /** Has all that is needed of the page written anew. */
  function rewrite(page: Page): void {
    for (const job of page.jobs) {
      if (job.at !== page || changes.has(job.id)) continue;
      if (job.entry === undefined) {
        removals.set(job.id, job);
        continue;
      }
      job.revision += 1;
      job.entry = { ...job.entry, revision: job.revision };
      changes.set(job.id, job);
    }
    // The newest sheet says what counts; the node has to have one that does, even if there is no job.
    if (page.sequence === sequence) begun = false;
  }

  const weight = (page: Page): number => page.open / maxJobs + page.neededBytes / maxBytes;

  function due(): Ledger['due'] {
    if (changes.size > 0 || !begun || inFlight?.sent === false) return 'entries';
    return removals.size > 0 || closed.length > 0 ? 'removals' : 'nothing';
  }

  return {
    epoch,
    get size() {
      return size;
    },
    get bytes() {
      return load.total;
    },
    bytesOf: load.of,
    get sheets() {
      return books.pages.size;
    },
    get lastNumber() {
      return lastNumber;
    },
    get newest() {
      return latest;
    },
    get due() {
      return due();
    },

    *entries() {
      for (const { entry } of books.jobs.values()) if (entry !== undefined) yield entry;
    },

    get: (id) => books.jobs.get(id)?.entry,

    isConfirmed: (id) =>
      !changes.has(id) && inFlight?.written.some((entry) => entry.id === id) !== true,

    add: (newJob) => takeIn({ ...newJob, number: lastNumber + 1, revision: 1 }, entryBytes / 2),

    // It was within its limits when it was taken in, or changed last.
    restore: (entry) =>
      takeIn({ ...entry, revision: entry.revision + 1 }, Number.POSITIVE_INFINITY),

    renew(known) {
      const { job } = openEntry(known.id);
      const revision = changes.has(known.id) ? job.revision : job.revision + 1;
      put(job, { ...known, revision });
    },

    change(id, change) {
      const { job, entry } = openEntry(id);
      const unwritten = changes.has(id);
      const revision = unwritten ? job.revision : job.revision + 1;
      const full = applyChange(entry, change, revision);
      const isFailure =
        full.state.type === 'pending' && full.failures.length > entry.failures.length;
      // What fails must not fill the node with what it says: then it is kept in short.
      const isTight = isFailure && load.total + jobBytesAtMost(full) - job.bytes > safeBytes;
      const changed = isTight ? { ...full, failures: briefly(full.failures) } : full;
      measure(changed, isFailure ? entryBytes - reservedBytes : entryBytes);
      put(job, changed);
      return changed;
    },

    amend(id, change) {
      const { job, entry } = openEntry(id);
      job.entry = applyChange(entry, change, job.revision);
      job.bytes = jobBytesAtMost(job.entry);
      return job.entry;
    },

    remove(id) {
      const { job, entry } = openEntry(id);
      size -= 1;
      load.add(entry, -job.bytes);
      if (!changes.delete(id)) job.revision += 1;
      job.bytes = GONE_BYTES;
      removals.set(id, job);
      books.letGo(job);
    },

    nextFlush() {
      if (inFlight?.sent === true) return undefined;
      if (inFlight === undefined) {
        if (due() === 'nothing') return undefined;
        inFlight = plan();
      }
      inFlight.sent = true;
      return { id: inFlight.id, sheet: inFlight.sheet };
    },

    confirmed(itemId) {
      if (inFlight?.id !== itemId) return undefined;
      const { written, buries, sheet } = inFlight;
      latest = { epoch, sequence: sheet.sequence };
      inFlight = undefined;
      retractions.add(buries);
      return { written };
    },

    publishFailed(itemId) {
      if (inFlight?.id === itemId) inFlight.sent = false;
    },

    verify(itemIds) {
      if (inFlight !== undefined) return 0;
      const there = new Set(itemIds);
      const lost = [...books.pages.values()].filter(({ itemId }) => !there.has(itemId));
      for (const page of lost) rewrite(page);
      return lost.length;
    },

    since,
    discard: retractions.add,
    nextRetraction: retractions.next,
    retracted: retractions.done,
    retractFailed: retractions.failed,
  };
}

function applyChange(entry: JobEntry, change: EntryChange, revision: number): JobEntry {
  const { notBefore, deadline, asOf, uniqueKey, traceparent, cancelRequested, ...required } = {
    ...entry,
    ...change,
  };
  return {
    ...required,
    revision,
    ...present({ notBefore, deadline, asOf, uniqueKey, traceparent, cancelRequested }),
  };
}
