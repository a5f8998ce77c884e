import type { JobEntry, JobId, NewJob } from '../../src/index.js';

/** A UUIDv7 with the number in it. */
export function idOf(number: number): JobId {
  return `019a0000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** A job to `lift`, pending, from anyone. */
export function someJob(number: number, more: Partial<NewJob> = {}): NewJob {
  return {
    id: idOf(number),
    kind: 'lift',
    args: {},
    requester: { jid: 'alice@example.org/phone', messageType: 'chat' },
    submitted: 1_000_000 + number,
    timeoutMs: 60_000,
    priority: 0,
    attempt: 1,
    maxAttempts: 3,
    stalls: 0,
    target: { type: 'any' },
    failures: [],
    state: { type: 'pending' },
    ...more,
  };
}

export function someEntry(number: number, more: Partial<JobEntry> = {}): JobEntry {
  return { ...someJob(number), number, revision: 1, ...more };
}
