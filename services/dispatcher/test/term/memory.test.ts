import { openLedger, type SheetItem } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { openRemembered } from '../../src/term/memory.js';
import { someJob } from '../support/job.js';

/** A node that the first epoch has written, with a job that stands and one that was let go. */
function node() {
  const items = new Map<string, SheetItem>();
  const ledger = openLedger({ epoch: 1, items: [] });
  const flush = () => {
    for (let next = ledger.nextFlush(); next !== undefined; next = ledger.nextFlush()) {
      items.set(next.id, next);
      ledger.confirmed(next.id);
    }
  };
  const [stands, gone] = [ledger.add(someJob()), ledger.add(someJob())];
  flush();
  const before = [...items.values()];
  ledger.remove(gone.id);
  flush();
  return { before, items: [...items.values()], stands, gone };
}

describe('a dispatcher that leads again', () => {
  it('puts back what the node has lost', () => {
    const { stands, gone } = node();
    const open = new Map([stands, gone].map((entry) => [entry.id, entry]));
    const remembered = { epoch: 1, open, gone: new Set<string>(), lastNumber: 2 };
    const { ledger, recalled } = openRemembered(2, [], remembered);
    expect(recalled).toBe(2);
    expect([...ledger.entries()].map(({ number }) => number)).toEqual([1, 2]);
  });

  it('recalls entries at the size limit: what was accepted is never too large to be put back', () => {
    const items: SheetItem[] = [];
    const before = openLedger({ epoch: 1, items: [] });
    const write = () => {
      const next = before.nextFlush();
      if (next === undefined) return;
      items.push(next);
      before.confirmed(next.id);
    };
    const { id } = before.add({ ...someJob(), args: { text: 'x'.repeat(20_000) } });
    write();
    // The server has forgotten all that comes now.
    const failure = {
      attempt: 1,
      reason: 'failed',
      lifter: 'lifter-1@example.org/a',
      at: 0,
    } as const;
    const error = { class: 'Error', message: 'x'.repeat(999) };
    const fail = () => {
      const failures = [...(before.get(id)?.failures ?? []), { ...failure, error }];
      before.change(id, { failures });
    };
    expect(() => {
      for (;;) fail();
    }).toThrow('takes');
    const by = `${'b'.repeat(3_000)}@example.org`;
    before.change(id, { cancelRequested: { at: 0, by } });
    const large = before.get(id);
    if (large === undefined) throw new Error('the job has gone');
    const remembered = { epoch: 1, gone: new Set<string>(), lastNumber: 1 };
    const open = new Map([[id, large]]);
    for (const found of [items, []]) {
      const { ledger } = openRemembered(2, found, { ...remembered, open });
      expect(ledger.get(id)).toEqual({ ...large, revision: expect.any(Number) });
      expect(ledger.get(id)?.revision).toBeGreaterThanOrEqual(large.revision);
      expect(ledger.nextFlush()?.sheet.jobs).toHaveLength(1);
    }
  });

  it('leaves alone what the node says has been let go, though it has read otherwise before', () => {
    const { items, stands, gone } = node();
    // It was in office for a moment, read the node before the last sheet of the leader before arrived, and wrote nothing.
    const open = new Map([stands, gone].map((entry) => [entry.id, entry]));
    const remembered = { epoch: 2, open, gone: new Set<string>(), lastNumber: 2 };
    const { ledger } = openRemembered(3, items, remembered);
    expect([...ledger.entries()].map(({ id }) => id)).toEqual([stands.id]);
  });
});
