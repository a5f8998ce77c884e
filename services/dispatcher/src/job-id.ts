import { createHash } from 'node:crypto';
import { type Instant, type JobId, makeJobId, requestPart } from '@heavylift/jobs';

/** An id made from what brings the job: all of it but the time is the same whenever, and by whomever, it is made from the same text. */
export function jobIdFrom(text: string, at: Instant): JobId {
  return makeJobId(at, createHash('sha256').update(text).digest());
}

/** Stands for a message where its own id and sender need not be known. */
export function messageMark(message: string): string {
  return requestPart(jobIdFrom(message, 0));
}
