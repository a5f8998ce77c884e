import type { EpochStart, SequenceRange, Sheet, SheetPosition } from '../domain/sheet.js';
import { sheetItemId } from '../domain/sheet.js';
import type { SheetItem } from './types.js';

/** Sorts sheets newest first: by epoch, then by sequence number. */
export function compareAge(a: SheetPosition, b: SheetPosition): number {
  return b.epoch - a.epoch || b.sequence - a.sequence;
}

/** Whether the sheet overrules the other. */
export function isNewer(sheet: SheetPosition, other: SheetPosition | undefined): boolean {
  return other === undefined || compareAge(sheet, other) < 0;
}

/**
 * Whether a sheet counts, by what the newest one says: it is not under the floor, not dead, and was written by the epoch to which
 * its sequence number belongs. The newest sheet alone decides, so the order in which sheets are seen does not matter.
 */
export function countsUnder(newest: Sheet, sheet: Sheet): boolean {
  return (
    sheet.sequence >= newest.floor &&
    !isStale(newest, sheet) &&
    !isDead(newest.dead, sheet.sequence)
  );
}

/** Whether the sheet was written by an epoch that was over. */
export function isStale(newest: Sheet, sheet: Sheet): boolean {
  return sheet.sequence >= newest.floor && epochAt(newest.epochs, sheet.sequence) !== sheet.epoch;
}

function epochAt(epochs: readonly EpochStart[], sequence: number): number | undefined {
  return epochs.findLast(({ since }) => since <= sequence)?.epoch;
}

function isDead(dead: readonly SequenceRange[], sequence: number): boolean {
  let low = 0;
  let high = dead.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = dead[middle];
    if (range === undefined || range.from > sequence) high = middle;
    else if (range.to < sequence) low = middle + 1;
    else return true;
  }
  return false;
}

/** How many sheets count, by what the newest says, itself included. */
function countingSheets(newest: Sheet): number {
  const dead = newest.dead.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return newest.sequence - newest.floor + 1 - dead;
}

/** The gaps between sequence numbers that are given in ascending order. */
export function gapsBetween(sequences: Iterable<number>): SequenceRange[] {
  const gaps: SequenceRange[] = [];
  let before: number | undefined;
  for (const sequence of sequences) {
    if (before !== undefined && sequence > before + 1) {
      gaps.push({ from: before + 1, to: sequence - 1 });
    }
    before = sequence;
  }
  return gaps;
}

/** Epoch starts from the floor on: the one in force there, and all later ones. */
export function epochsFrom(epochs: readonly EpochStart[], floor: number): EpochStart[] {
  const inForce = epochs.findLastIndex(({ since }) => since <= floor);
  return epochs.slice(Math.max(0, inForce));
}

/** How many sheets count, by what the newest of these says, and are not among them. */
export function sheetsMissing(items: readonly SheetItem[]): number {
  const { newest, counting } = readSheets(items);
  return missingBeside(counting.length, newest);
}

/** How many sheets count beside those that are at hand. */
export function missingBeside(atHand: number, newest: Sheet | undefined): number {
  return newest === undefined ? 0 : countingSheets(newest) - atHand;
}

export interface Reading {
  readonly newest: Sheet | undefined;
  /** The sheets that count, by ascending sequence number. */
  readonly counting: readonly Sheet[];
  /** Ids of items that do not count. */
  readonly idle: readonly string[];
}

/** Sorts what a node holds into what counts and what does not. */
export function readSheets(items: readonly SheetItem[]): Reading {
  let newest: Sheet | undefined;
  for (const { id, sheet } of items) {
    if (id === sheetItemId(sheet) && isNewer(sheet, newest)) newest = sheet;
  }
  const counting = new Map<number, Sheet>();
  const idle: string[] = [];
  for (const { id, sheet } of items) {
    const counts = newest !== undefined && countsUnder(newest, sheet);
    if (counts && id === sheetItemId(sheet)) counting.set(sheet.sequence, sheet);
    else idle.push(id);
  }
  return {
    newest,
    counting: [...counting.values()].sort((a, b) => a.sequence - b.sequence),
    idle,
  };
}
