import type { BotMessage, JobEntry, Progress } from '@heavylift/jobs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgressRelay, type ProgressRelay } from '../src/progress-relay.js';

const lifter = 'lifter-1@x/a';
const entry: JobEntry = {
  id: 'job-7',
  number: 7,
  revision: 1,
  kind: 'lift',
  args: {},
  requester: { jid: 'ada@x/phone', messageType: 'chat' },
  submitted: 0,
  timeoutMs: 1,
  priority: 0,
  attempt: 2,
  maxAttempts: 3,
  stalls: 0,
  target: { type: 'any' },
  failures: [],
  state: { type: 'assigned', lifter, since: 0 },
};
const step = (done: number, attempt = 2): Progress => ({
  type: 'progress',
  job: 'job-7',
  attempt,
  at: 0,
  done,
  total: 30,
});

let said: BotMessage[];
let ended: boolean;
let relay: ProgressRelay;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  ended = false;
  let ids = 0;
  relay = createProgressRelay(
    {
      entry: (job) => (job === entry.id ? entry : undefined),
      spec: () => undefined,
      hasOutcome: () => ended,
      say: (message) => said.push(message),
      newMessageId: () => `p${++ids}`,
    },
    1_000,
  );
});
afterEach(() => {
  relay.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it('shows the first step at once, then the latest at most once an interval, as corrections of the first (XEP-0308)', () => {
  for (const done of [1, 2, 3]) relay.progress(step(done), lifter);
  vi.advanceTimersByTime(1_000);
  vi.advanceTimersByTime(5_000);
  relay.progress(step(4), lifter);
  expect(said.map(({ id, replaces, body }) => ({ id, replaces, body }))).toEqual([
    { id: 'progress-job-7', replaces: undefined, body: '#7 lift: 1 of 30' },
    { id: 'p1', replaces: 'progress-job-7', body: '#7 lift: 3 of 30' },
    { id: 'p2', replaces: 'progress-job-7', body: '#7 lift: 4 of 30' },
  ]);
});

it('says nothing more once the outcome is known', () => {
  relay.progress(step(1), lifter);
  relay.progress(step(2), lifter);
  ended = true;
  vi.advanceTimersByTime(1_000);
  relay.progress(step(3), lifter);
  expect(said).toHaveLength(1);
});

it('passes over what is not of the present attempt, of no open job, or said by another lifter', () => {
  relay.progress(step(1), 'lifter-2@x/a');
  relay.progress(step(1, 1), lifter);
  relay.progress({ ...step(1), job: 'job-8' }, lifter);
  expect(said).toEqual([]);
});
