import {
  isDelayed,
  type JobEntry,
  type JobId,
  type KnownJob,
  type Ledger,
  type Requester,
  requesterKey,
} from '@heavylift/jobs';
import type { Duplicate, JobView } from '../desk.js';
import type { History } from '../scheduler/history.js';
import type { Scheduler } from '../scheduler/types.js';
import type { Acceptances } from './acceptances.js';

export interface DuplicatesParts {
  readonly ledger: Pick<Ledger, 'get'>;
  readonly scheduler: Pick<Scheduler, 'outcome' | 'answersTo' | 'waitsFor'>;
  readonly history: Pick<History, 'get'>;
  readonly acceptances: Pick<Acceptances, 'written' | 'isAwaited'>;
  readonly view: (entry: JobEntry) => JobView;
  readonly now: () => number;
}

/** Answers to requests for which there is a job already. */
export interface Duplicates {
  /** It is answered when the one that came first is safe. */
  duplicate(job: JobId, number: number): Promise<Duplicate>;
  /** The same request again, maybe from a program that was started anew: where it asks now is where it is to be told. */
  again(job: KnownJob, requester: Requester): Promise<Duplicate>;
  /** Another request for the same. Of somebody else's job nothing is said but when it starts. */
  twin(
    same: { readonly job: JobId; readonly number: number },
    requester: Requester,
  ): Promise<Duplicate>;
}

export function createDuplicates(parts: DuplicatesParts): Duplicates {
  const { ledger, scheduler, history, acceptances, view, now } = parts;

  async function duplicate(job: JobId, number: number): Promise<Duplicate> {
    if (acceptances.isAwaited(job)) await acceptances.written(job);
    return { kind: 'duplicate', job, number };
  }

  return {
    duplicate,
    async again({ id, number }, requester) {
      const entry = ledger.get(id);
      const isOpen = entry !== undefined && scheduler.outcome(id) === undefined;
      // The notifier goes by what is written.
      if (isOpen && scheduler.answersTo(entry, requester)) await acceptances.written(id);
      const answer = await duplicate(id, number);
      const known = ledger.get(id);
      const ended = known === undefined ? history.get(number) : view(known);
      return ended?.result === undefined ? answer : { ...answer, ended };
    },
    async twin({ job, number }, requester) {
      const answer = await duplicate(job, number);
      const entry = ledger.get(job);
      if (entry === undefined) return answer;
      const isOthers = requesterKey(entry.requester) !== requesterKey(requester);
      const isTold = !isOthers || isDelayed(entry, now());
      const waitsFor = isTold ? scheduler.waitsFor(job) : undefined;
      return {
        ...answer,
        ...(isOthers && { isOthers }),
        ...(waitsFor !== undefined && { waitsFor }),
      };
    },
  };
}
