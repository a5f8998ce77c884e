import { type JobEntry, type JobId, madeAt, type NewJob } from '@heavylift/jobs';
import { aboutJob, type Logger } from '@heavylift/service';
import type { RetryAnswer, SubmitAnswer } from '../desk.js';
import { jobIdFrom } from '../job-id.js';
import type { FailedJobs } from './failed-jobs.js';

export interface RetriesPorts {
  readonly failed: Pick<FailedJobs, 'find' | 'retried'>;
  /** Whether such a job is open, or ended lately. */
  readonly isKnown: (number: number) => boolean;
  /** The number of a job that is open or over, as far as is known. */
  readonly numberOf: (job: JobId) => number | undefined;
  /** The open job that has the same unique key, if any. */
  readonly openTwin: (job: NewJob) => { readonly job: JobId; readonly number: number } | undefined;
  /** Why no more jobs of whoever asked are taken in just now. */
  readonly refusal: (job: NewJob) => string | undefined;
  readonly accept: (job: NewJob) => Promise<SubmitAnswer>;
  /** Answers when that job, which there is already, is safe. */
  readonly duplicate: (job: JobId, number: number) => Promise<RetryAnswer>;
  readonly now: () => number;
  readonly log: Logger;
}

/** Runs jobs that failed for good once more, each at most once: what was made of one can be retried in its turn. */
export function createRetries(ports: RetriesPorts): (number: number) => Promise<RetryAnswer> {
  const { failed, isKnown, numberOf, openTwin, refusal, accept, duplicate, now, log } = ports;
  /** Who asks for the same while it is being seen to gets the same answer. */
  const underWay = new Map<number, Promise<RetryAnswer>>();

  async function retry(number: number): Promise<RetryAnswer> {
    const found = await failed.find(number);
    if (found === undefined) return { kind: isKnown(number) ? 'not-failed' : 'unknown' };
    const job = anew(found.entry, now());
    // The mark may be missing: a dispatcher can die between the acceptance and the mark.
    const as = found.retriedAs ?? numberOf(job.id);
    if (as !== undefined) return duplicate(job.id, as);
    const twin = openTwin(job);
    // Until its requester has been told of it, the failed job has the key itself.
    if (twin !== undefined && twin.job !== found.entry.id) return duplicate(twin.job, twin.number);
    const text = refusal(job);
    if (text !== undefined) return { kind: 'refused', text };
    const answer = await accept(job);
    if (answer.kind !== 'accepted') return answer;
    await failed.retried(found, answer.entry.number).catch((error: unknown) => {
      log.warn(
        { err: error, ...aboutJob(found.entry) },
        'a failed job that runs again could not be marked',
      );
    });
    return answer;
  }

  return (number) => {
    const known = underWay.get(number);
    if (known !== undefined) return known;
    const answer = retry(number).finally(() => underWay.delete(number));
    underWay.set(number, answer);
    return answer;
  };
}

/** The job from its beginning. Its id is always the same for the same failed job. */
function anew(entry: JobEntry, now: number): NewJob {
  const { number: _, revision: __, notBefore: ___, cancelRequested: ____, ...job } = entry;
  const { deadline: _____, asOf: ______, traceparent: _______, ...rest } = job;
  return {
    ...rest,
    id: jobIdFrom(`retry of ${entry.id}`, madeAt(entry.id)),
    submitted: now,
    attempt: 1,
    stalls: 0,
    failures: [],
    state: { type: 'pending' },
  };
}
