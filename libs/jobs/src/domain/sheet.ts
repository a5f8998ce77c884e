import type { JobEntry, JobId } from './job.js';

/** Sequence numbers, both ends included. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

/** From `since` on, sequence numbers belong to `epoch`. */
export interface EpochStart {
  readonly epoch: number;
  readonly since: number;
}

/** A job that has been let go, for as long as an older sheet that counts still has an entry of it. */
export interface GoneJob {
  readonly id: JobId;
  readonly revision: number;
}

/** An item of the `jobs` node. The newest one says which of the others still count. */
export interface Sheet {
  /** Whoever leads writes under an epoch higher than every earlier one. */
  readonly epoch: number;
  /** One more with every sheet, across epochs. */
  readonly sequence: number;
  /** The lowest sequence number that counts; its own, if no other does. */
  readonly floor: number;
  /** Every sequence number from the floor to its own that does not count any more, in order. */
  readonly dead: readonly SequenceRange[];
  /** Which epoch the sequence numbers from the floor on belong to, in order. What another epoch wrote there does not count. */
  readonly epochs: readonly EpochStart[];
  /** The highest job number given so far. */
  readonly lastNumber: number;
  readonly jobs: readonly JobEntry[];
  readonly gone: readonly GoneJob[];
}

/** Which sheet it is, and which is the newer of two. */
export type SheetPosition = Pick<Sheet, 'epoch' | 'sequence'>;

/** The id under which a sheet is published: no two epochs ever write the same item. */
export function sheetItemId(sheet: SheetPosition): string {
  return `${sheet.epoch}.${sheet.sequence}`;
}
