import { describe, expect, it } from 'vitest';
import {
  isLateSheet,
  jobsInLateSheets,
  lateSheets,
  openLedger,
  type SheetItem,
} from '../src/index.js';
import { idOf, someEntry } from './helpers/jobs.js';

const sheet = (
  epoch: number,
  sequence: number,
  more: Partial<SheetItem['sheet']> = {},
): SheetItem => ({
  id: `${epoch}.${sequence}`,
  sheet: {
    ...{ epoch, sequence, floor: 1, dead: [], lastNumber: 9, jobs: [], gone: [] },
    epochs: [{ epoch: 1, since: 1 }, ...(epoch > 1 ? [{ epoch, since: 3 }] : [])],
    ...more,
  },
});

describe('sheets of an earlier leader that the next one did not read', () => {
  const read = [sheet(1, 1), sheet(1, 2)];
  const late = sheet(1, 3, { jobs: [someEntry(5)] });

  it('are known by their numbers to the leader, and to whoever leads next', () => {
    const ledger = openLedger({ epoch: 2, items: read });
    const ids = ['1.1', '1.2', '1.3', '1.4', '2.3', '2.4', 'x', '1.x'];
    expect(ids.filter((id) => isLateSheet(id, ledger.since))).toEqual(['1.3', '1.4']);
    expect(lateSheets([...read, late, sheet(2, 3)])).toEqual([late]);
    expect(lateSheets(read)).toEqual([]);
    expect(lateSheets([])).toEqual([]);
  });

  it('have the jobs that were open by the newest of them', () => {
    const gone = sheet(1, 4, { gone: [{ id: idOf(5), revision: 8 }], jobs: [someEntry(6)] });
    const open = (...sheets: SheetItem[]) => jobsInLateSheets(sheets).map(({ id }) => id);
    expect(open(late)).toEqual([idOf(5)]);
    expect(open(gone, late)).toEqual([idOf(6)]);
  });
});
