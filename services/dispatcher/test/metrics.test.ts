import type { Failure, JobEntry, JobResult, LifterLoad } from '@heavylift/jobs';
import { createPrometheusMetrics } from '@heavylift/service';
import { describe, expect, it } from 'vitest';
import { observeDispatcher, type TermState } from '../src/metrics.js';

const now = 1_000_000;

const entryOf = (id: string, changes: Partial<JobEntry> = {}): JobEntry => ({
  id,
  number: 1,
  revision: 1,
  kind: 'lift',
  args: {},
  requester: { jid: 'ada@x/phone', messageType: 'chat' },
  submitted: now - 4_000,
  timeoutMs: 1,
  priority: 0,
  attempt: 1,
  maxAttempts: 3,
  stalls: 0,
  target: { type: 'any' },
  failures: [],
  state: { type: 'pending' },
  ...changes,
});

const resultOf = ({ id, number, kind, attempt, submitted }: JobEntry): JobResult => ({
  ...{ job: id, number, kind, attempt, submitted, finished: now, failures: [] },
  status: 'succeeded',
  value: null,
});

const failureOf = (reason: Failure['reason'], at: number): Failure => ({
  ...{ attempt: 1, reason, lifter: 'lifter-1@x/a', at },
  error: { class: 'Error', message: 'slipped' },
});

const running = { type: 'assigned', lifter: 'lifter-1@x/a', since: now } as const;

function stage() {
  const metrics = createPrometheusMetrics((error) => {
    throw error;
  });
  return {
    observer: observeDispatcher(metrics),
    /** Lines of what Prometheus would read, but for histograms' buckets. */
    async read() {
      const lines = (await metrics.text()).split('\n');
      return lines.filter((line) => /^heavylift_(?!.*_bucket)/.test(line));
    },
  };
}

const termOf = (jobs: readonly JobEntry[], changes: Partial<TermState> = {}): TermState => ({
  jobs: () => jobs,
  endedAt: () => undefined,
  handlers: () => ['lift', 'sweep'],
  lifters: () => [],
  now: () => now,
  ...changes,
});

describe('what a dispatcher counts', () => {
  it('is every job that ended, once, though its result is read again by the next term', async () => {
    const { observer, read } = stage();
    const entry = entryOf('a');
    observer.watch(termOf([entry]))();
    observer.ended(entry, resultOf(entry));
    observer.watch(termOf([entry]));
    observer.ended(entry, resultOf(entry));
    expect(await read()).toContain(
      'heavylift_jobs_ended_total{handler="lift",outcome="succeeded"} 1',
    );
    expect(await read()).toContain(
      'heavylift_job_total_seconds_sum{handler="lift",outcome="succeeded"} 4',
    );
  });

  it('is a job for all lifters as one', async () => {
    const { observer, read } = stage();
    const child = entryOf('b', { target: { type: 'child', parent: 'a', name: 'lifter-1' } });
    observer.ended(child, resultOf(child));
    expect((await read()).filter((line) => line.includes('ended'))).toEqual([]);
  });

  it('tells attempts that failed from those lost with their lifter', async () => {
    const { observer, read } = stage();
    observer.retried(entryOf('a'), failureOf('failed', now));
    observer.retried(entryOf('a'), failureOf('timeout', now));
    observer.retried(entryOf('a'), failureOf('stalled', now));
    expect(await read()).toEqual([
      'heavylift_job_retries_total{handler="lift"} 2',
      'heavylift_job_stalls_total{handler="lift"} 1',
    ]);
  });

  it('is the wait for the first attempt, from when the job could start', async () => {
    const { observer, read } = stage();
    observer.given(entryOf('a'), now);
    observer.given(entryOf('b', { notBefore: now - 1_000 }), now);
    observer.given(entryOf('c', { attempt: 2 }), now);
    expect(await read()).toEqual([
      'heavylift_job_wait_seconds_sum{handler="lift"} 5',
      'heavylift_job_wait_seconds_count{handler="lift"} 2',
    ]);
  });
});

describe('what a dispatcher in office shows', () => {
  it('is the backlog of every handler, and for how long the oldest has waited', async () => {
    const { observer, read } = stage();
    const jobs = [
      entryOf('a'),
      entryOf('b', { notBefore: now + 60_000 }),
      entryOf('c', { failures: [failureOf('failed', now - 500)], attempt: 2 }),
      entryOf('d', { state: running }),
      entryOf('over', { state: running }),
      entryOf('whole', { target: { type: 'all' } }),
    ];
    observer.watch(termOf(jobs, { endedAt: (job) => (job === 'over' ? now : undefined) }));
    const lines = await read();
    expect(lines).toContain('heavylift_jobs_pending{handler="lift"} 3');
    expect(lines).toContain('heavylift_jobs_pending{handler="sweep"} 0');
    expect(lines).toContain('heavylift_jobs_assigned{handler="lift"} 1');
    expect(lines).toContain('heavylift_jobs_oldest_pending_age_seconds{handler="lift"} 4');
    expect(lines).toContain('heavylift_jobs_oldest_pending_age_seconds{handler="sweep"} 0');
  });

  it('counts what has ended and was not delivered, and for how long, whatever the notifier does', async () => {
    const { observer, read } = stage();
    const jobs = [
      entryOf('runs', { state: running }),
      entryOf('over'),
      entryOf('long over', { target: { type: 'all' } }),
      // Its whole is told.
      entryOf('part', { target: { type: 'child', parent: 'long over', name: 'lifter-1' } }),
    ];
    const ends: Readonly<Record<string, number>> = {
      over: now - 1_000,
      'long over': now - 90_000,
      part: now - 99_000,
    };
    const end = observer.watch(termOf(jobs, { endedAt: (job) => ends[job] }));
    expect(await read()).toEqual(
      expect.arrayContaining([
        'heavylift_jobs_undelivered{handler="lift"} 2',
        'heavylift_jobs_oldest_undelivered_age_seconds{handler="lift"} 90',
      ]),
    );
    end();
    observer.watch(termOf([]));
    expect(await read()).toEqual(
      expect.arrayContaining([
        'heavylift_jobs_undelivered{handler="lift"} 0',
        'heavylift_jobs_oldest_undelivered_age_seconds{handler="lift"} 0',
      ]),
    );
  });

  it('counts from the last failure for how long a job has waited', async () => {
    const { observer, read } = stage();
    observer.watch(termOf([entryOf('c', { failures: [failureOf('stalled', now - 500)] })]));
    expect(await read()).toContain('heavylift_jobs_oldest_pending_age_seconds{handler="lift"} 0.5');
  });

  it('is the lifters and their slots', async () => {
    const { observer, read } = stage();
    const lifter = (busy: number, draining: boolean): LifterLoad => ({
      ...{ jid: 'lifter-1@x/a', name: 'lifter-1', handlers: new Set(['lift']), slots: 4 },
      ...{ busy, draining },
    });
    observer.watch(termOf([], { lifters: () => [lifter(1, false), lifter(2, true)] }));
    const lines = await read();
    expect(lines).toContain('heavylift_lifters{state="working"} 1');
    expect(lines).toContain('heavylift_lifters{state="draining"} 1');
    expect(lines).toContain('heavylift_slots{state="busy"} 3');
    expect(lines).toContain('heavylift_slots{state="free"} 3');
  });

  it('is nothing any more once the term is over', async () => {
    const { observer, read } = stage();
    const unwatch = observer.watch(termOf([entryOf('a')]));
    expect(await read()).not.toEqual([]);
    unwatch();
    expect(await read()).toEqual([]);
  });
});
