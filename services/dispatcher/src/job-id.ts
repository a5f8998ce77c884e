import { createHash } from 'node:crypto';
import { type Instant, type JobId, makeJobId } from '@heavylift/jobs';

/** An id made from what brings the job: all of it but the time is the same whenever, and by whomever, it is made from the same text. */
export function jobIdFrom(text: string, at: Instant): JobId {
  return makeJobId(at, digest(text));
}

/**
 * The id of the job that a message asks for. Its first bytes stand for the message and the others for what is asked, so that whoever knows
 * only the id can tell the same request from another one under a message id that was used before.
 */
export function requestId(message: string, content: string, at: Instant): JobId {
  return makeJobId(
    at,
    Buffer.concat([digest(message).subarray(0, 6), digest(content).subarray(0, 4)]),
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
