import {
  type JobEntry,
  type JobId,
  jobsInLateSheets,
  type Ledger,
  requestPart,
  type SheetItem,
} from '@heavylift/jobs';
import { aboutJob, type Logger } from '@heavylift/service';
import type { History } from '../scheduler/history.js';
import type { Scheduler } from '../scheduler/types.js';
import type { EndedBefore } from './ended-before.js';

export interface LateSheetsPorts {
  readonly ledger: Pick<Ledger, 'get' | 'entries' | 'lastNumber'>;
  readonly scheduler: Pick<Scheduler, 'restore' | 'cancel'>;
  readonly history: Pick<History, 'all'>;
  readonly endedBefore: Pick<EndedBefore, 'numberOf' | 'ofRequest'>;
  readonly log: Logger;
}

/**
 * Takes in the jobs of sheets that this leader had not read when it took over, and cancellations that only they have. They may have been
 * answered for. Who was told to ask again and did has his job already, under the same request.
 *
 * To be made before the ledger gives its first number.
 *
 * @returns what takes them in: gives the jobs that were taken in, or changed
 */
export function createLateSheets(ports: LateSheetsPorts) {
  const { ledger, scheduler, history, endedBefore, log } = ports;
  const lastBefore = ledger.lastNumber;

  function isKnown({ id, target }: JobEntry, requests: ReadonlySet<string>): boolean {
    // A part comes with its whole, or not at all.
    if (target.type === 'child' && ledger.get(target.parent) === undefined) return true;
    return (
      requests.has(requestPart(id)) ||
      endedBefore.numberOf(id) !== undefined ||
      endedBefore.ofRequest(id) !== undefined
    );
  }

  /** A number that this leader may have given to another job since is not given twice. */
  function numbered(entry: JobEntry): JobEntry {
    const { lastNumber } = ledger;
    const isGivenAnew = entry.number > lastBefore && entry.number <= lastNumber;
    return isGivenAnew ? { ...entry, number: lastNumber + 1 } : entry;
  }

  return (sheets: readonly SheetItem[]): readonly JobId[] => {
    const known = [...ledger.entries(), ...history.all().map(({ entry }) => entry)];
    const requests = new Set(known.map(({ id }) => requestPart(id)));
    const taken: JobId[] = [];
    // A whole goes before its parts.
    const entries = [...jobsInLateSheets(sheets)].sort(
      (a, b) => Number(a.target.type === 'child') - Number(b.target.type === 'child'),
    );
    for (const entry of entries) {
      const { id, cancelRequested } = entry;
      const own = ledger.get(id);
      if (own !== undefined) {
        if (cancelRequested === undefined || own.cancelRequested !== undefined) continue;
        scheduler.cancel(id, cancelRequested.by);
      } else {
        if (isKnown(entry, requests)) continue;
        log.warn(
          aboutJob(entry),
          'a job of the leader before was not read at the take-over: it is taken in',
        );
        scheduler.restore(numbered(entry));
      }
      taken.push(id);
    }
    return taken;
  };
}
