import type { JobEntry } from '@heavylift/jobs';
import { traceIdOf } from './tracing/traceparent.js';

/** A job as lines of a log name it. */
export interface AboutJob {
  readonly job: string;
  readonly number: number;
  readonly attempt: number;
  readonly kind: string;
  /** The id of its trace. */
  readonly trace?: string;
}

/** What every line about a job says of it, under the same names in all services. */
export function aboutJob(
  entry: Pick<JobEntry, 'id' | 'number' | 'attempt' | 'kind' | 'traceparent'>,
): AboutJob {
  const { id: job, number, attempt, kind, traceparent = '' } = entry;
  const trace = traceIdOf(traceparent);
  return { job, number, attempt, kind, ...(trace !== undefined && { trace }) };
}

/** The same, as attributes of a span. */
export function spanAttributes({
  id,
  number,
  attempt,
  kind,
}: Pick<JobEntry, 'id' | 'number' | 'attempt' | 'kind'>) {
  return { 'job.id': id, 'job.number': number, 'job.attempt': attempt, 'job.kind': kind };
}
