import { setTimeout as sleep } from 'node:timers/promises';
import { type SheetItem, sheetsMissing } from '@heavylift/jobs';

export interface ReadWholePorts {
  /** All sheets that the node holds. */
  readonly read: () => Promise<readonly SheetItem[]>;
  readonly onIncomplete: (missing: number, retryInMs: number | undefined) => void;
  readonly signal: AbortSignal;
  /** @default 500 */
  readonly pauseMs?: number;
}

const mostReadings = 5;

/**
 * Reads the ledger to take it over. What is not read here is declared dead by the first sheet that is written, so a reading with gaps is
 * not taken at its word: the last sheet of the leader before may arrive, and what it took over be retracted, while the node is read.
 * What is still missing after that is lost to the node, or can't be decoded.
 */
export async function readWhole(ports: ReadWholePorts): Promise<readonly SheetItem[]> {
  const { read, onIncomplete, signal, pauseMs = 500 } = ports;
  for (let reading = 1; ; reading += 1) {
    const items = await read();
    const missing = sheetsMissing(items);
    if (missing === 0) return items;
    const isLast = reading === mostReadings;
    onIncomplete(missing, isLast ? undefined : pauseMs);
    if (isLast) return items;
    await sleep(pauseMs, undefined, { signal });
  }
}
