import {
  type JobEntry,
  type JobId,
  JobsError,
  type KnownJob,
  type Ledger,
  requesterKey,
} from '@heavylift/jobs';
import type { AmendAnswer, Brought, RunRequest } from '../desk.js';
import { requestId } from '../job-id.js';
import type { History } from '../scheduler/history.js';
import type { Scheduler } from '../scheduler/types.js';
import type { EndedBefore } from './ended-before.js';
import { problemOf } from './too-long.js';
import { problemWithDeadline, wantedOf } from './wanted.js';

export interface AmendmentsParts {
  readonly ledger: Pick<Ledger, 'get' | 'entries'>;
  readonly scheduler: Pick<Scheduler, 'amend' | 'outcome' | 'waitsFor'>;
  readonly history: History;
  readonly endedBefore: Pick<EndedBefore, 'ofMessage'>;
  /** Resolves when the job, as it is now, stands in the node for whoever may lead next. */
  readonly stands: (job: JobId) => Promise<void>;
  /** An open job, by the number that people type. */
  readonly openEntry: (number: number) => JobEntry | undefined;
  readonly openWithKey: (kind: string, uniqueKey: string | undefined) => TwinJob | undefined;
  readonly timeZone: string;
  readonly now: () => number;
}

interface TwinJob {
  readonly job: JobId;
  readonly number: number;
}

/** Finds the job that a message has brought, and makes another of it as long as it waits for its first start. */
export function createAmendments(parts: AmendmentsParts) {
  const { ledger, scheduler, history, openEntry, openWithKey, now } = parts;

  async function amend(number: number, request: RunRequest): Promise<AmendAnswer> {
    const entry = openEntry(number);
    if (entry === undefined)
      return { kind: history.get(number) === undefined ? 'unknown' : 'over' };
    if (scheduler.outcome(entry.id) !== undefined || entry.cancelRequested !== undefined)
      return { kind: 'over' };
    if (entry.state.type === 'assigned' || entry.attempt > 1) return { kind: 'started' };
    const wanted = wantedOf(request, parts.timeZone, now());
    const problem = problemWith(entry, request, wanted);
    if (problem !== undefined) return { kind: 'impossible', reason: problem };
    try {
      scheduler.amend(entry.id, wanted);
    } catch (error) {
      if (!(error instanceof JobsError)) throw error;
      return { kind: 'impossible', reason: problemOf(error, wanted.args) };
    }
    await parts.stands(entry.id);
    const amended = ledger.get(entry.id) ?? entry;
    const waitsFor = scheduler.waitsFor(entry.id);
    return { kind: 'amended', entry: amended, ...(waitsFor !== undefined && { waitsFor }) };
  }

  function problemWith(
    entry: JobEntry,
    { clauses }: RunRequest,
    wanted: ReturnType<typeof wantedOf>,
  ): string | undefined {
    if (clauses.when?.kind === 'every') return 'a job cannot become a schedule';
    if (entry.target.type === 'all' || wanted.target.type === 'all')
      return 'a job for all lifters can only be cancelled';
    const tooLate = problemWithDeadline(wanted, now());
    if (tooLate !== undefined) return tooLate;
    const twin = openWithKey(wanted.kind, wanted.uniqueKey);
    if (twin !== undefined && twin.job !== entry.id) return `#${twin.number} does that already`;
    return undefined;
  }

  return {
    amend,

    /** @param who bare JID of the sender */
    ofMessage(who: string, messageId: string): Brought | undefined {
      const isFrom = ({ requester, target }: JobEntry) =>
        (requester.messageId === messageId || requester.originId === messageId) &&
        requester.messageType !== 'command' &&
        target.type !== 'child' &&
        requesterKey(requester) === who;
      let found: KnownJob | undefined;
      for (const entry of ledger.entries())
        if (isFrom(entry) && entry.number > (found?.number ?? 0)) found = entry;
      found ??= history.all().find(({ entry }) => isFrom(entry))?.entry;
      found ??= parts.endedBefore.ofMessage(requestId(`${who}\n${messageId}`, '', 0));
      return found && { kind: 'job', number: found.number };
    },
  };
}
