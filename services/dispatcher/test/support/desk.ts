import type { HandlerSpec, JobEntry, JobResult, Schedule } from '@heavylift/jobs';
import type { Desk, JobView, RunRequest } from '../../src/desk.js';
import type { Policy } from '../../src/policy/policy.js';

export const lift: HandlerSpec = {
  name: 'lift',
  title: 'heavy job',
  summary: 'Lifts something heavy.',
  fields: [
    {
      name: 'count',
      type: 'integer',
      required: false,
      default: 30,
      range: { min: 1, max: 1000 },
      description: 'how many steps',
    },
  ],
  timeoutMs: 60_000,
  maxAttempts: 3,
  texts: { done: 'Done lifting' },
};

export const now = 1_800_000_000_000;

export const entry: JobEntry = {
  id: '01890000-0000-7000-8000-000000000007',
  number: 7,
  revision: 1,
  kind: 'lift',
  args: { count: 5 },
  requester: { jid: 'ada@example.org/phone', messageType: 'chat' },
  submitted: now - 60_000,
  timeoutMs: 1,
  priority: 0,
  attempt: 1,
  maxAttempts: 3,
  stalls: 0,
  target: { type: 'any' },
  failures: [],
  state: { type: 'assigned', lifter: 'lifter-1@example.org/x', since: now - 8_000 },
};

export const failed: JobResult = {
  job: '01890000-0000-7000-8000-000000000008',
  number: 8,
  kind: 'lift',
  attempt: 3,
  submitted: now - 60_000,
  finished: now - 30_000,
  failures: [],
  status: 'failed',
  error: { class: 'Error', message: 'slipped' },
};

export const schedule: Schedule = {
  number: 2,
  kind: 'lift',
  args: { count: 5 },
  requester: { jid: 'bob@example.org/desk', messageType: 'chat' },
  cron: '0 6 * * *',
  timeZone: 'Europe/Vienna',
  created: now,
  priority: 0,
  target: { type: 'any' },
};

export const policy: Policy = {
  administrators: ['root@example.org'],
  rules: [],
  otherwise: 'own-users',
  domain: 'example.org',
};

const bobs: JobEntry = {
  ...entry,
  id: failed.job,
  number: 8,
  requester: { jid: 'bob@example.org/desk', messageType: 'chat' },
};

/** A desk with ada's running job 7, bob's failed job 8 and bob's schedule 2. `done` is what it was asked to do. */
export function fakeDesk(changes: Partial<Desk> = {}) {
  const done: string[] = [];
  const ran: RunRequest[] = [];
  const views: JobView[] = [{ entry: bobs, result: failed }, { entry }];
  const desk: Desk = {
    specs: new Map([['lift', lift]]),
    counts: () => ({ lifters: 1, slots: 4, busy: 1, waiting: 0 }),
    async run(request) {
      ran.push(request);
      return { kind: 'accepted', entry };
    },
    job: (number) => views.find((view) => view.entry.number === number),
    jobs: () => views,
    lifters: () => [
      {
        jid: 'lifter-1@example.org/x',
        name: 'lifter-1',
        handlers: new Set(['lift', 'hash']),
        slots: 4,
        busy: 1,
        draining: false,
      },
    ],
    async cancel(number, by) {
      done.push(`cancel ${number} by ${by}`);
      return { kind: 'requested' };
    },
    ofMessage: () => undefined,
    async amend(number, { args }) {
      done.push(`amend ${number} to ${JSON.stringify(args)}`);
      return { kind: 'amended', entry: { ...entry, number, args } };
    },
    failed: async (number) => (number === 8 ? views[0] : undefined),
    allFailed: async () => views.slice(0, 1),
    async retry(number) {
      if (number !== 8) return { kind: 'not-failed' };
      done.push(`retry ${number}`);
      return { kind: 'accepted', entry: { ...bobs, number: 12 }, waitsFor: 'for a free slot' };
    },
    schedules: () => [{ schedule, next: now + 3_600_000 }],
    async unschedule(number) {
      done.push(`unschedule ${number}`);
      return true;
    },
    ...changes,
  };
  return { desk, done, ran };
}
