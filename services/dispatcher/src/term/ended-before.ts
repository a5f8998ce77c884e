import {
  duplicateWindowMs,
  type Instant,
  type JobId,
  type JobResult,
  type KnownJob,
  madeAt,
  ownText,
  requestPart,
} from '@heavylift/jobs';

/** Jobs of which the node of results had an outcome when the term began, open or not. */
export interface EndedBefore {
  add(result: JobResult): void;
  numberOf(job: JobId): number | undefined;
  /** The job that the same message has brought, not long before. @param job an id that was made for the message */
  ofSameRequest(job: JobId): KnownJob | undefined;
}

/**
 * A dispatcher remembers which message brought which job. The next one knows that of open jobs from the ledger, and of those that have ended
 * by their ids: they are made from the messages. So a program whose answer was lost with a dispatcher asks the next one for the same job.
 * @param now milliseconds since 1970
 */
export function createEndedBefore(now: () => Instant): EndedBefore {
  const jobs = new Map<JobId, number>();
  const byRequest = new Map<string, KnownJob>();

  return {
    add({ job, number }) {
      const id = ownText(job);
      jobs.set(id, number);
      const known = byRequest.get(requestPart(id));
      if (known === undefined || madeAt(known.id) < madeAt(id))
        byRequest.set(requestPart(id), { id, number });
    },
    numberOf: (job) => jobs.get(job),
    ofSameRequest(job) {
      const known = byRequest.get(requestPart(job));
      const isRecent = known !== undefined && now() - madeAt(known.id) < duplicateWindowMs;
      return isRecent ? known : undefined;
    },
  };
}
