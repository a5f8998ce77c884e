import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLedger, readLedger, recall, type SheetItem } from '../../src/index.js';
import { idOf, someEntry, someJob } from '../helpers/jobs.js';

const byId = (...entries: ReturnType<typeof someEntry>[]) =>
  new Map(entries.map((entry) => [entry.id, entry]));

describe('what a leader that comes back makes good', () => {
  const remembered = {
    epoch: 7,
    open: byId(someEntry(1), someEntry(2, { revision: 3 }), someEntry(3)),
    gone: new Set([idOf(4)]),
    lastNumber: 4,
  };

  it('is what the node has lost: jobs, their latest state, and that they were let go', () => {
    const found = byId(someEntry(2, { revision: 2 }), someEntry(3), someEntry(4));
    expect(recall(remembered, 7, found)).toEqual({
      restore: [someEntry(1)],
      update: [someEntry(2, { revision: 3 })],
      remove: [idOf(4)],
    });
  });

  it('is all of it if the node is empty', () => {
    expect(recall(remembered, undefined, new Map())?.restore).toHaveLength(3);
  });

  it('is nothing if somebody else has led since', () => {
    expect(recall(remembered, 8, new Map())).toBeUndefined();
  });
});

describe('a job that is restored', () => {
  it('keeps its number and counts over what may still turn up of it', () => {
    const ledger = openLedger({ epoch: 8, items: [] });
    ledger.restore(someEntry(41, { revision: 5 }));
    const next = ledger.add(someJob(42));
    expect(ledger.get(idOf(41))).toMatchObject({ number: 41, revision: 6 });
    expect(next.number).toBe(42);
  });

  it('makes the ledger whole, whatever the end of the log was that the server lost', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 30 }), fc.nat(30), (acts, lost) => {
        const node: SheetItem[] = [];
        const first = openLedger({ epoch: 1, items: [], maxJobs: 2 });
        const gone = new Set<string>();
        acts.forEach((act, index) => {
          const open = [...first.entries()];
          const victim = open[act % Math.max(1, open.length)];
          if (act < 5 || victim === undefined) first.add(someJob(index + 1));
          else if (act < 7) first.change(victim.id, { attempt: victim.attempt + 1 });
          else {
            first.remove(victim.id);
            gone.add(victim.id);
          }
          for (let flush = first.nextFlush(); flush; flush = first.nextFlush()) {
            node.push(flush);
            first.confirmed(flush.id);
          }
        });
        const open = new Map([...first.entries()].map((entry) => [entry.id, entry]));
        const kept = node.slice(0, Math.max(0, node.length - lost));
        const second = openLedger({ epoch: 2, items: kept });
        const found = new Map([...second.entries()].map((entry) => [entry.id, entry]));
        const epoch = kept.length === 0 ? undefined : 1;
        const missing = recall({ epoch: 1, open, gone, lastNumber: 0 }, epoch, found);
        for (const entry of missing?.restore ?? []) second.restore(entry);
        for (const { id, attempt } of missing?.update ?? []) second.change(id, { attempt });
        for (const id of missing?.remove ?? []) second.remove(id);
        const written: SheetItem[] = [...kept];
        for (let flush = second.nextFlush(); flush; flush = second.nextFlush()) {
          written.push(flush);
          second.confirmed(flush.id);
        }
        const stateOf = (entries: Iterable<ReturnType<typeof someEntry>>) =>
          new Map([...entries].map(({ id, number, attempt }) => [id, { number, attempt }]));
        expect(stateOf(readLedger(written).entries())).toEqual(stateOf(first.entries()));
      }),
    );
  });
});
