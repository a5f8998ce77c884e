import { randomBytes } from 'node:crypto';
import { makeJobId, type NewJob } from '@heavylift/jobs';

/** A job like any other, as it is before the ledger has it. */
export function someJob(): NewJob {
  return {
    ...{ id: makeJobId(Date.now(), randomBytes(10)), kind: 'lift', args: { count: 3 } },
    requester: { jid: 'ada@example.org/phone', messageType: 'chat' },
    ...{ submitted: Date.now(), timeoutMs: 60_000, priority: 0, attempt: 1, maxAttempts: 3 },
    ...{ stalls: 0, target: { type: 'any' }, failures: [], state: { type: 'pending' } },
  };
}
