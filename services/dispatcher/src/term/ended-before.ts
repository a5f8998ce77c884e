import {
  duplicateWindowMs,
  type Instant,
  type JobId,
  type JobResult,
  type KnownJob,
  madeAt,
  messagePart,
  ownText,
  requestPart,
} from '@heavylift/jobs';

/** Jobs of which the node of results had an outcome when the term began, open or not. */
export interface EndedBefore {
  add(result: JobResult): void;
  numberOf(job: JobId): number | undefined;
  /** The job that the same message has brought by asking for the same, not long before. @param job an id that was made for the message */
  ofRequest(job: JobId): KnownJob | undefined;
  /** The latest that the same message has brought, whatever it asked for. */
  ofMessage(job: JobId): KnownJob | undefined;
}

/**
 * A dispatcher remembers which message brought which job. The next one knows that of open jobs from the ledger, and of those that have ended
 * by their ids: they are made from the messages. So a program whose answer was lost with a dispatcher asks the next one for the same job.
 * @param now milliseconds since 1970
 */
export function createEndedBefore(now: () => Instant): EndedBefore {
  const jobs = new Map<JobId, number>();
  const byRequest = new Map<string, KnownJob>();
  const byMessage = new Map<string, KnownJob>();

  function putLatest(into: Map<string, KnownJob>, part: string, job: KnownJob): void {
    const known = into.get(part);
    if (known === undefined || madeAt(known.id) < madeAt(job.id)) into.set(part, job);
  }

  function recent(known: KnownJob | undefined): KnownJob | undefined {
    const isRecent = known !== undefined && now() - madeAt(known.id) < duplicateWindowMs;
    return isRecent ? known : undefined;
  }

  return {
    add({ job, number }) {
      const id = ownText(job);
      jobs.set(id, number);
      putLatest(byRequest, requestPart(id), { id, number });
      putLatest(byMessage, messagePart(id), { id, number });
    },
    numberOf: (job) => jobs.get(job),
    ofRequest: (job) => recent(byRequest.get(requestPart(job))),
    ofMessage: (job) => recent(byMessage.get(messagePart(job))),
  };
}
