import type { JobEntry, JobId } from '../domain/job.js';
import { type SheetPosition, sheetItemId } from '../domain/sheet.js';
import { isStale, readSheets } from './rules.js';
import type { SheetItem } from './types.js';

/**
 * Sheets that an earlier leader wrote and the next one did not read: they were late in the network, or the node of the cluster that was read
 * did not have them yet. They count no more, but jobs that only they have may have been accepted.
 */
export function lateSheets(items: readonly SheetItem[]): readonly SheetItem[] {
  const { newest } = readSheets(items);
  return items.filter(
    ({ id, sheet }) =>
      newest !== undefined &&
      sheet.epoch < newest.epoch &&
      id === sheetItemId(sheet) &&
      isStale(newest, sheet),
  );
}

/** Whether an item is such a sheet, for the leader whose first sheet is the one at `since`. */
export function isLateSheet(itemId: string, since: SheetPosition): boolean {
  const [, epoch, sequence] = /^(\d{1,15})\.(\d{1,15})$/.exec(itemId) ?? [];
  if (epoch === undefined) return false;
  return Number(epoch) < since.epoch && Number(sequence) >= since.sequence;
}

/** The jobs of such sheets that were open by the newest of them. */
export function jobsInLateSheets(sheets: readonly SheetItem[]): readonly JobEntry[] {
  const newest = new Map<JobId, { readonly revision: number; readonly entry?: JobEntry }>();
  const note = (id: JobId, revision: number, entry?: JobEntry): void => {
    if ((newest.get(id)?.revision ?? 0) < revision)
      newest.set(id, { revision, ...(entry && { entry }) });
  };
  for (const { sheet } of sheets) {
    for (const entry of sheet.jobs) note(entry.id, entry.revision, entry);
    for (const { id, revision } of sheet.gone) note(id, revision);
  }
  return [...newest.values()].flatMap(({ entry }) => entry ?? []);
}
