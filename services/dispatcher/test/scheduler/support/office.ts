import {
  type JobResult,
  type LifterAnnouncement,
  type Limits,
  makeJobId,
  type NewJob,
  openLedger,
  type QueueOrder,
} from '@heavylift/jobs';
import { createHistory } from '../../../src/scheduler/history.js';
import { createScheduler } from '../../../src/scheduler/scheduler.js';
import type { SchedulerOptions } from '../../../src/scheduler/types.js';

/** What a lifter says of itself. */
export const announcement = (changes: Partial<LifterAnnouncement> = {}): LifterAnnouncement => ({
  version: '1',
  slots: 2,
  busy: 0,
  draining: false,
  handlers: ['lift'],
  running: [],
  ...changes,
});

export const [one, two] = ['lifter-1@x/lifter-1.a', 'lifter-2@x/lifter-2.b'];

/** A scheduler over a ledger of its own, at a time that only the test moves on. */
export function office(limits: Limits = {}, order?: QueueOrder) {
  let now = 1_000_000;
  let made = 0;
  const ledger = openLedger({ epoch: 1, items: [] });
  const ended: JobResult[] = [];
  const told: unknown[][] = [];
  const history = createHistory();
  const options: SchedulerOptions = {
    ledger,
    graceMs: 5_000,
    cancelGraceMs: 10_000,
    limits: () => limits,
    now: () => now,
    random: () => 1 - Number.EPSILON,
    ...(order !== undefined && { order }),
    onChange: () => undefined,
    history,
    onEnd: (result) => ended.push(result),
    onOutcome: () => undefined,
    onGone: () => undefined,
    onGiven: ({ id, attempt }) => told.push(['given', id, attempt]),
    onRetry: ({ id, attempt }, { reason }) => told.push(['retried', id, attempt, reason]),
    onNote: () => undefined,
  };
  const scheduler = createScheduler(options);
  const makeId = () => {
    made += 1;
    return makeJobId(now, new Uint8Array([0, 0, 0, 0, 0, made >> 8, made, 0, 0, 0]));
  };
  const job = (changes: Partial<NewJob> = {}): NewJob => ({
    id: makeId(),
    kind: 'lift',
    args: {},
    requester: { jid: 'ada@x/phone', messageType: 'chat' },
    submitted: now,
    timeoutMs: 60_000,
    priority: 0,
    attempt: 1,
    maxAttempts: 3,
    stalls: 0,
    target: { type: 'any' },
    failures: [],
    state: { type: 'pending' },
    ...changes,
  });
  const submit = (changes: Partial<NewJob> = {}) => scheduler.submit(job(changes));
  return {
    scheduler,
    ledger,
    ended,
    told,
    history,
    submit,
    submitToAll: (changes: Partial<NewJob> = {}) => scheduler.submitToAll(job(changes), makeId),
    /** Another term over the same ledger: all that is only in memory is gone. */
    nextTerm(more: Partial<SchedulerOptions> = {}) {
      return createScheduler({ ...options, history: createHistory(), ...more });
    },
    /** Time passes, and nothing is done. */
    wait(ms: number) {
      now += ms;
    },
    pass(ms: number) {
      now += ms;
      scheduler.tick();
    },
    /** Who has the job; undefined while it waits, or when it is gone. */
    lifterOf(id: string) {
      const state = ledger.get(id)?.state;
      return state?.type === 'assigned' ? state.lifter : undefined;
    },
    succeed(id: string) {
      const entry = ledger.get(id);
      if (entry === undefined) throw new Error(`no job ${id}`);
      const { number, kind, attempt, submitted } = entry;
      const base = { job: id, number, kind, attempt, submitted, finished: now, failures: [] };
      scheduler.ended({ ...base, status: 'succeeded', value: null });
    },
    fail(id: string, final = false) {
      const entry = ledger.get(id);
      if (entry?.state.type !== 'assigned') throw new Error(`job ${id} does not run`);
      const { lifter } = entry.state;
      const error = { class: 'Error', message: 'too heavy', final };
      const report = { type: 'attempt', job: id, attempt: entry.attempt, lifter, at: now } as const;
      scheduler.reported({ ...report, outcome: 'failed', reason: 'failed', error }, lifter);
    },
  };
}
