import type { Assignment } from '../../src/assignments.js';

export const me = 'lifter-1@localhost/lifter-1.abc';

export function assignment({
  since = 1,
  ...entry
}: Partial<Assignment> & { readonly id: string; readonly since?: number }): Assignment {
  return {
    number: 1,
    revision: 1,
    kind: 'lift',
    args: {},
    requester: { jid: 'you@localhost/home', messageType: 'chat' },
    submitted: 0,
    timeoutMs: 60_000,
    priority: 0,
    attempt: 1,
    maxAttempts: 3,
    stalls: 0,
    target: { type: 'any' },
    failures: [],
    state: { type: 'assigned', lifter: me, since },
    ...entry,
  };
}
