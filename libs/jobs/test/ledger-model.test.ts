import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createLedgerReplica,
  type JobEntry,
  type JobId,
  jobBytesAtMost,
  type Ledger,
  openLedger,
  readLedger,
  requesterKey,
  type Sheet,
  type SheetItem,
  sheetCodec,
  sheetsMissing,
} from '../src/index.js';
import { someJob } from './helpers/jobs.js';
import { throughStream } from './helpers/xml.js';

// The law: whatever happens in whatever order, the node gives back every confirmed job exactly once, at its confirmed or a later
// revision; a job whose removal was confirmed never comes back; readers who saw everything, or know that they did not, agree.

type Fate = 'confirmed' | 'arrives unconfirmed' | 'lost';
type Step =
  | { readonly do: 'add' | 'change' | 'remove'; readonly pick: number }
  | { readonly do: 'flush'; readonly fate: Fate; readonly heard: boolean }
  | { readonly do: 'retract'; readonly gone: boolean; readonly told: boolean }
  | { readonly do: 'take over'; readonly oldLivesOn: boolean; readonly oldWritesOnce: boolean }
  | { readonly do: 'old leader writes' }
  | { readonly do: 'node loses an item'; readonly pick: number }
  | { readonly do: 'reader reads' };

const pick = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add'), pick }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('change', 'remove'), pick }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('flush'),
      fate: fc.constantFrom<Fate>('confirmed', 'confirmed', 'arrives unconfirmed', 'lost'),
      heard: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('retract'), gone: fc.boolean(), told: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('take over'),
      oldLivesOn: fc.boolean(),
      oldWritesOnce: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('node loses an item'), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('old leader writes') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reader reads') }) },
);

interface Settings {
  readonly maxJobs: number;
  readonly seed: number;
}

function createWorld({ maxJobs, seed }: Settings) {
  const node = new Map<string, Sheet>();
  const confirmed = new Map<JobId, JobEntry>();
  const letGo = new Set<JobId>();
  const goneForGood = new Set<JobId>();
  const numbers = new Map<number, JobId>();
  const faithful = createLedgerReplica();
  const forgetful = createLedgerReplica();
  let forgetfulHeardLast = true;
  let epoch = 1;
  let next = 1;
  let old: Ledger | undefined;
  let ledger = open();

  function items(): SheetItem[] {
    const all = [...node].map(([id, sheet]) => ({ id, sheet }));
    const turn = all.length === 0 ? 0 : seed % all.length;
    return [...all.slice(turn), ...all.slice(0, turn)];
  }

  function open(): Ledger {
    return openLedger({ epoch, items: items(), maxJobs });
  }

  function arrive({ id, sheet }: SheetItem, heard: boolean): void {
    const received = sheetCodec.decode(throughStream(sheetCodec.encode(sheet)));
    expect(received).toStrictEqual(sheet);
    node.set(id, received);
    faithful.published([{ id, sheet: received }]);
    if (faithful.missing > 0) faithful.reset(items());
    if (heard) forgetful.published([{ id, sheet: received }]);
  }

  function flush(fate: Fate, heard: boolean): void {
    const item = ledger.nextFlush();
    if (item === undefined) return;
    expect(ledger.nextFlush()).toBeUndefined();
    if (fate !== 'lost') {
      arrive(item, heard);
      forgetfulHeardLast = heard;
    }
    if (fate !== 'confirmed') {
      ledger.publishFailed(item.id);
      return;
    }
    for (const entry of ledger.confirmed(item.id)?.written ?? []) {
      confirmed.set(entry.id, entry);
      expect(numbers.get(entry.number) ?? entry.id).toBe(entry.id);
      numbers.set(entry.number, entry.id);
    }
    expectBytes();
    if (ledger.due !== 'nothing') return;
    for (const id of letGo) if (ledger.get(id) === undefined) goneForGood.add(id);
    expect(sorted(readLedger(items()).entries())).toStrictEqual(sorted(ledger.entries()));
  }

  /** What admission goes by. */
  function expectBytes(): void {
    const of = new Map<string, number>();
    for (const entry of ledger.entries()) {
      const key = requesterKey(entry.requester);
      of.set(key, (of.get(key) ?? 0) + jobBytesAtMost(entry));
    }
    for (const [key, bytes] of of) expect(ledger.bytesOf(key)).toBe(bytes);
    expect(ledger.bytes).toBe([...of.values()].reduce((a, b) => a + b, 0));
  }

  function flushAll(): void {
    for (let flushes = 0; ledger.due !== 'nothing' || flushes < 2; flushes += 1) {
      expect(flushes).toBeLessThan(1_000);
      flush('confirmed', true);
    }
  }

  /** It has not noticed that it leads no more. */
  function oldWrites(): void {
    if (old === undefined) return;
    old.add(someJob(100_000 + next));
    next += 1;
    const item = old.nextFlush();
    if (item === undefined) return;
    arrive(item, true);
    old.confirmed(item.id);
  }

  function someEntry(number: number): JobEntry | undefined {
    const all = [...ledger.entries()];
    return all[number % Math.max(1, all.length)];
  }

  function take(step: Step): void {
    switch (step.do) {
      case 'add':
        ledger.add(someJob(next, { priority: step.pick }));
        next += 1;
        return;
      case 'change': {
        const entry = someEntry(step.pick);
        if (entry) ledger.change(entry.id, { priority: step.pick, deadline: next });
        return;
      }
      case 'remove': {
        const entry = someEntry(step.pick);
        if (entry === undefined) return;
        letGo.add(entry.id);
        ledger.remove(entry.id);
        return;
      }
      case 'flush':
        flush(step.fate, step.heard);
        return;
      case 'retract': {
        const id = ledger.nextRetraction();
        if (id === undefined) return;
        if (step.gone) node.delete(id);
        if (step.gone && step.told) ledger.retracted(id);
        else ledger.retractFailed(id);
        return;
      }
      case 'take over':
        old = step.oldLivesOn ? ledger : undefined;
        epoch += 1;
        ledger = open();
        expect(sheetsMissing(items())).toBe(0);
        if (step.oldWritesOnce) oldWrites();
        flush('confirmed', true);
        return;
      case 'old leader writes':
        oldWrites();
        return;
      case 'node loses an item': {
        flushAll();
        const lost = [...node.keys()][step.pick % Math.max(1, node.size)];
        if (lost === undefined) return;
        node.delete(lost);
        ledger.verify(node.keys());
        flushAll();
        return;
      }
      case 'reader reads':
        forgetful.reset(items());
        forgetfulHeardLast = true;
    }
  }

  function check(): void {
    const read = readLedger(items());
    expect(read.missing).toBe(0);
    const entries = sorted(read.entries());
    expect(entries).toStrictEqual(sorted(naiveReading([...node.values()])));
    expect(sorted(faithful.entries())).toStrictEqual(entries);
    expect(faithful.missing).toBe(0);
    if (forgetful.missing === 0 && forgetfulHeardLast) {
      expect(sorted(forgetful.entries())).toStrictEqual(entries);
    }
    for (const [id, entry] of confirmed) {
      if (letGo.has(id)) continue;
      expect(read.get(id)?.revision ?? `job ${id} is lost`).toBeGreaterThanOrEqual(entry.revision);
      expect(read.get(id)?.number).toBe(entry.number);
    }
    for (const id of goneForGood) expect(read.get(id)).toBeUndefined();
  }

  function settle(): void {
    flushAll();
    const needed = ledger.size / maxJobs;
    expect(ledger.sheets).toBeLessThanOrEqual(17 + 4 * Math.ceil(needed));
    check();
  }

  return { take, check, settle };
}

function sorted(entries: Iterable<JobEntry>): JobEntry[] {
  return [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The rules of the contract, word by word and slowly. */
function naiveReading(sheets: readonly Sheet[]): JobEntry[] {
  const [newest] = [...sheets].sort((a, b) => b.epoch - a.epoch || b.sequence - a.sequence);
  if (newest === undefined) return [];
  const counting = sheets.filter(
    ({ sequence, epoch }) =>
      sequence >= newest.floor &&
      !newest.dead.some(({ from, to }) => from <= sequence && sequence <= to) &&
      newest.epochs.filter(({ since }) => since <= sequence).at(-1)?.epoch === epoch,
  );
  const best = new Map<JobId, { revision: number; entry?: JobEntry }>();
  for (const { jobs, gone } of counting) {
    for (const entry of jobs) {
      if ((best.get(entry.id)?.revision ?? 0) < entry.revision) {
        best.set(entry.id, { revision: entry.revision, entry });
      }
    }
    for (const { id, revision } of gone) {
      if ((best.get(id)?.revision ?? 0) < revision) best.set(id, { revision });
    }
  }
  return [...best.values()].flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
}

it.each([2, 3, 8])('keeps the law with %i jobs a sheet', { timeout: 120_000 }, (maxJobs) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.nat(), (steps, seed) => {
      const world = createWorld({ maxJobs, seed });
      for (const one of steps) {
        world.take(one);
        world.check();
      }
      world.settle();
    }),
    { numRuns: 60 },
  );
});
