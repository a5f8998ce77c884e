import { describe, expect, it } from 'vitest';
import { createLedgerReplica, openLedger, type SheetItem } from '../src/index.js';
import { idOf, someJob } from './helpers/jobs.js';

/** A ledger whose sheets are all kept, in the order in which they were written. */
function recorded(epoch = 1, items: readonly SheetItem[] = []) {
  const ledger = openLedger({ epoch, items });
  const sheets: SheetItem[] = [...items];
  function flush(): SheetItem {
    const item = ledger.nextFlush();
    if (item === undefined) throw new Error('nothing to flush');
    ledger.confirmed(item.id);
    sheets.push(item);
    return item;
  }
  flush();
  return { ledger, flush, sheets };
}

describe("a reader's view of the ledger", () => {
  it('tells what is new, what has changed and what is gone', () => {
    const { ledger, flush, sheets } = recorded();
    const replica = createLedgerReplica();
    expect(replica.reset(sheets)).toStrictEqual({ changed: [], gone: [], newEpoch: true });
    const first = ledger.add(someJob(1));
    const second = ledger.add(someJob(2));
    expect(replica.published([flush()])).toStrictEqual({
      changed: [first, second],
      gone: [],
      newEpoch: false,
    });
    const changed = ledger.change(idOf(1), { priority: 1 });
    ledger.remove(idOf(2));
    expect(replica.published([flush()])).toStrictEqual({
      changed: [changed],
      gone: [idOf(2)],
      newEpoch: false,
    });
    expect([...replica.entries()]).toStrictEqual([changed]);
    expect(replica.lastNumber).toBe(2);
  });

  it('does not take what it knows for news: sheets twice, in another order, or read again', () => {
    const { ledger, flush, sheets } = recorded();
    ledger.add(someJob(1));
    flush();
    ledger.change(idOf(1), { priority: 1 });
    flush();
    const replica = createLedgerReplica();
    replica.reset([...sheets].reverse());
    const nothing = { changed: [], gone: [], newEpoch: false };
    expect(replica.published(sheets)).toStrictEqual(nothing);
    expect(replica.reset(sheets)).toStrictEqual(nothing);
    expect(replica.get(idOf(1))?.priority).toBe(1);
  });

  it('knows when sheets have passed it by', () => {
    const { ledger, flush, sheets } = recorded();
    const replica = createLedgerReplica();
    ledger.add(someJob(1));
    flush();
    ledger.add(someJob(2));
    replica.published([flush()]);
    expect(replica.missing).toBe(1);
    replica.reset(sheets);
    expect(replica.missing).toBe(0);
    expect(replica.size).toBe(2);
  });

  it('does not take a job for gone while the sheet may be missing that has it anew, but one that is said to be', () => {
    const { ledger, flush, sheets } = recorded();
    const replica = createLedgerReplica();
    replica.reset(sheets);
    const first = ledger.add(someJob(1));
    replica.published([flush()]);
    const [second] = [ledger.add(someJob(2)), ledger.add(someJob(3))];
    replica.published([flush()]);
    ledger.change(first.id, { priority: 1 });
    const missed = flush();
    // Its neighbour stands, so it takes a word to let it go.
    ledger.remove(second.id);
    expect(replica.published([flush()])).toMatchObject({ gone: [second.id] });
    expect(replica.missing).toBe(1);
    expect(replica.get(first.id)).toStrictEqual(first);
    expect(replica.published([missed])).toMatchObject({ changed: [{ id: first.id, priority: 1 }] });
    ledger.remove(first.id);
    flush();
    expect(replica.reset(sheets)).toMatchObject({ gone: [first.id] });
  });

  it('knows which sheets it has seen: those up to the newest, of any epoch', () => {
    const { ledger, flush, sheets } = recorded();
    const replica = createLedgerReplica();
    expect(replica.hasSeen({ epoch: 1, sequence: 1 })).toBe(false);
    replica.reset(sheets);
    ledger.add(someJob(1));
    const missed = flush();
    expect(ledger.newest).toStrictEqual({ epoch: 1, sequence: 2 });
    expect(replica.hasSeen({ epoch: 1, sequence: 1 })).toBe(true);
    expect(replica.hasSeen({ epoch: 1, sequence: 2 })).toBe(false);
    expect(replica.hasSeen({ epoch: 2, sequence: 1 })).toBe(false);
    replica.published([missed]);
    expect(replica.hasSeen({ epoch: 1, sequence: 2 })).toBe(true);
  });

  it('refuses what a leader of old writes, and believes nothing that it says of others', () => {
    const old = recorded();
    old.ledger.add(someJob(1));
    old.flush();
    const { ledger, sheets } = recorded(2, old.sheets);
    old.ledger.remove(idOf(1));
    old.ledger.add(someJob(9));
    const stale = old.flush();
    const replica = createLedgerReplica();
    for (const order of [
      [stale, ...sheets],
      [...sheets, stale],
    ]) {
      replica.reset(order);
      expect([...replica.entries()]).toStrictEqual([...ledger.entries()]);
      expect(replica.epoch).toBe(2);
    }
    replica.published([stale]);
    expect(replica.get(idOf(9))).toBeUndefined();
    expect(replica.refused).toBeGreaterThanOrEqual(3);
  });

  it('takes back what an old leader wrote before the new one began', () => {
    const old = recorded();
    const before = old.ledger.add(someJob(1));
    old.flush();
    const replica = createLedgerReplica();
    replica.reset(old.sheets);
    const opened = openLedger({ epoch: 2, items: old.sheets });
    old.ledger.add(someJob(9));
    replica.published([old.flush()]);
    expect(replica.size).toBe(2);
    const begin = opened.nextFlush();
    expect(replica.published(begin === undefined ? [] : [begin])).toStrictEqual({
      changed: [],
      gone: [idOf(9)],
      newEpoch: true,
    });
    expect([...replica.entries()]).toStrictEqual([before]);
  });

  it('takes for news what another epoch says, even under a revision that it has seen', () => {
    const old = recorded();
    old.ledger.add(someJob(1));
    old.flush();
    const replica = createLedgerReplica();
    replica.reset(old.sheets);
    const current = recorded(2, old.sheets);
    old.ledger.change(idOf(1), { priority: 1 });
    expect(replica.published([old.flush()]).changed).toMatchObject([{ revision: 2, priority: 1 }]);
    const entry = current.ledger.change(idOf(1), { priority: 2 });
    current.flush();
    expect(entry.revision).toBe(2);
    expect(replica.published(current.sheets).changed).toStrictEqual([entry]);
  });

  it('refuses a sheet under the id of another', () => {
    const { sheets } = recorded();
    const replica = createLedgerReplica();
    replica.published(sheets.map(({ sheet }) => ({ id: '1.99', sheet })));
    expect(replica.epoch).toBeUndefined();
    expect(replica.refused).toBe(1);
  });
});
