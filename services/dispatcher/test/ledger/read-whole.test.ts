import type { SheetItem } from '@heavylift/jobs';
import { sheetItemId } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { readWhole } from '../../src/ledger/read-whole.js';

const sheet = (sequence: number, floor = 1): SheetItem => ({
  id: sheetItemId({ epoch: 1, sequence }),
  sheet: {
    ...{ epoch: 1, sequence, floor, dead: [], lastNumber: 0, jobs: [], gone: [] },
    epochs: [{ epoch: 1, since: 1 }],
  },
});

/** Gives one reading after the other, the last again and again. */
function reader(...readings: readonly (readonly SheetItem[])[]) {
  const left = [...readings];
  let last: readonly SheetItem[] = [];
  return async () => {
    last = left.shift() ?? last;
    return last;
  };
}

function reading(read: () => Promise<readonly SheetItem[]>, signal = new AbortController().signal) {
  const incomplete: [number, number | undefined][] = [];
  const onIncomplete = (...said: [number, number | undefined]) => void incomplete.push(said);
  return { items: readWhole({ read, onIncomplete, signal, pauseMs: 1 }), incomplete };
}

describe('reading the ledger to take it over', () => {
  it('takes what is whole at its word, be it empty', async () => {
    const whole = [sheet(1), sheet(2)];
    const { items, incomplete } = reading(reader(whole));
    expect(await items).toBe(whole);
    expect(await reading(reader([])).items).toEqual([]);
    expect(incomplete).toEqual([]);
  });

  it('reads again where a sheet was taken over by another between two pages', async () => {
    const { items, incomplete } = reading(reader([sheet(2)], [sheet(3, 3)]));
    expect(await items).toEqual([sheet(3, 3)]);
    expect(incomplete).toEqual([[1, 1]]);
  });

  it('goes on with what there is after some time, and says how many sheets are lost', async () => {
    const { items, incomplete } = reading(reader([sheet(3)]));
    expect(await items).toEqual([sheet(3)]);
    expect(incomplete.at(-1)).toEqual([2, undefined]);
    expect(incomplete).toHaveLength(5);
  });

  it('ends with the office', async () => {
    const office = new AbortController();
    const { items } = reading(reader([sheet(2)]), office.signal);
    office.abort();
    await expect(items).rejects.toThrow();
  });
});
