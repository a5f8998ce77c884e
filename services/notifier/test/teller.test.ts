import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BotMessage, HandlerSpec, JobEntry, JobId, JobResult } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { createTeller } from '../src/teller.js';

const spec: HandlerSpec = {
  name: 'lift',
  title: 'heavy job',
  summary: '',
  fields: [],
  timeoutMs: 1,
  maxAttempts: 1,
  texts: { done: 'Done lifting' },
};

const entryOf = (number: number): JobEntry => ({
  id: `job-${number}`,
  number,
  revision: 1,
  kind: 'lift',
  args: {},
  requester: { jid: 'ada@x/phone', messageType: 'chat', messageId: 'm1', thread: 't1' },
  submitted: 0,
  timeoutMs: 1,
  priority: 0,
  attempt: 1,
  maxAttempts: 3,
  stalls: 0,
  target: { type: 'any' },
  failures: [],
  state: { type: 'assigned', lifter: 'lifter-1@x/a', since: 0 },
});

const resultOf = (number: number): JobResult => ({
  job: `job-${number}`,
  number,
  kind: 'lift',
  attempt: 1,
  submitted: 0,
  finished: 1,
  failures: [],
  status: 'succeeded',
  value: null,
});

function stage() {
  const open = new Map<JobId, JobEntry>();
  const said: BotMessage[] = [];
  const gathered: BotMessage[] = [];
  const reported: JobId[] = [];
  let broken = 0;
  const teller = createTeller({
    entry: (job) => open.get(job),
    spec: () => spec,
    isHopeless: (error) => error instanceof RangeError,
    sayGathered: async (message) => void gathered.push(message),
    say: async (message) => {
      if (broken > 0) {
        broken -= 1;
        throw new Error('the stream broke');
      }
      said.push(message);
    },
    reportTold: (job) => reported.push(job),
    pause: async () => undefined,
    onTold: () => undefined,
    onFailure: () => undefined,
  });
  const unchanged = { changed: [], gone: [], newEpoch: false };
  return {
    open,
    teller,
    said,
    gathered,
    reported,
    breakTimes: (times: number) => {
      broken = times;
    },
    accepted(number: number) {
      const entry = entryOf(number);
      open.set(entry.id, entry);
      teller.ledgerChanged({ ...unchanged, changed: [entry] });
    },
    letGo(number: number) {
      open.delete(`job-${number}`);
      teller.ledgerChanged({ ...unchanged, gone: [`job-${number}`] });
    },
    newEpoch: () => teller.ledgerChanged({ ...unchanged, newEpoch: true }),
  };
}

describe('telling outcomes', () => {
  it('takes the requester from the ledger, answers to the request, and reports it', async () => {
    const { teller, accepted, said, reported } = stage();
    accepted(7);
    teller.outcome(resultOf(7));
    await nextTurn();
    expect(said).toEqual([
      {
        to: 'ada@x/phone',
        type: 'chat',
        thread: 't1',
        inReplyTo: { id: 'm1', to: 'ada@x/phone' },
        id: 'told-job-7',
        body: 'Done lifting #7',
        job: { id: 'job-7', number: 7, state: 'succeeded' },
      },
    ]);
    expect(reported).toEqual(['job-7']);
  });

  describe('to a program (XEP-0050)', () => {
    const requester = { jid: 'ann@x/app', messageType: 'command', gathers: true } as const;
    const slipped = { class: 'Error', message: 'slipped' };

    it('has the value or the error with it, and goes together with others', async () => {
      const { open, teller, gathered, said, reported } = stage();
      for (const number of [7, 8, 9]) open.set(`job-${number}`, { ...entryOf(number), requester });
      teller.outcome({ ...resultOf(7), status: 'succeeded', value: { lifted: 3 } });
      teller.outcome({ ...resultOf(8), status: 'failed', error: slipped });
      teller.outcome({ ...resultOf(9), status: 'cancelled' });
      await nextTurn();
      expect(said).toEqual([]);
      expect(gathered.map(({ job }) => job)).toEqual([
        { id: 'job-7', number: 7, state: 'succeeded', outcome: { value: { lifted: 3 } } },
        { id: 'job-8', number: 8, state: 'failed', outcome: { error: slipped } },
        { id: 'job-9', number: 9, state: 'cancelled' },
      ]);
      expect(reported).toHaveLength(3);
    });

    it('names the job alone if the value is long: it is read elsewhere then', async () => {
      const { open, teller, said } = stage();
      open.set('job-7', { ...entryOf(7), requester: { ...requester, gathers: false } });
      teller.outcome({ ...resultOf(7), status: 'succeeded', value: 'x'.repeat(5_000) });
      await nextTurn();
      expect(said.map(({ job }) => job)).toEqual([{ id: 'job-7', number: 7, state: 'succeeded' }]);
    });
  });

  it('keeps an outcome that comes before its job', async () => {
    const { teller, accepted, said } = stage();
    teller.outcome(resultOf(7));
    await nextTurn();
    expect(said).toEqual([]);
    accepted(7);
    await nextTurn();
    expect(said).toHaveLength(1);
  });

  it('never tells twice, but reports again to whoever asks by an old result or a new epoch', async () => {
    const { teller, accepted, said, reported, newEpoch } = stage();
    accepted(7);
    teller.outcome(resultOf(7));
    teller.outcome(resultOf(7));
    await nextTurn();
    teller.outcome(resultOf(7));
    newEpoch();
    await nextTurn();
    expect(said).toHaveLength(1);
    expect(reported).toEqual(['job-7', 'job-7', 'job-7']);
  });

  it('says it again under the same id until the server has it, and holds nobody else up', async () => {
    const { teller, accepted, said, breakTimes } = stage();
    accepted(7);
    accepted(8);
    breakTimes(3);
    teller.outcome(resultOf(7));
    teller.outcome(resultOf(8));
    await nextTurn();
    expect(said.map(({ id }) => id).sort()).toEqual(['told-job-7', 'told-job-8']);
  });

  it('stops trying when the job has been let go', async () => {
    const { teller, accepted, said, breakTimes, letGo } = stage();
    accepted(7);
    breakTimes(1);
    teller.outcome(resultOf(7));
    letGo(7);
    await nextTurn();
    expect(said).toEqual([]);
    expect(teller.hasOutcome('job-7')).toBe(false);
  });

  it('keeps no more outcomes without a job than it has room for', () => {
    const { teller } = stage();
    for (let number = 1; number <= 10_050; number += 1) teller.outcome(resultOf(number));
    expect(teller.unclaimed).toBe(10_000);
  });

  it('leaves the parts of a job for all to the one answer that their requester gets', async () => {
    const { open, said, teller } = stage();
    const target = { type: 'child', parent: 'job-0', name: 'lifter-1' } as const;
    open.set('job-1', { ...entryOf(1), target });
    teller.outcome(resultOf(1));
    await nextTurn();
    expect(said).toEqual([]);
  });
});

describe('a result counts only from a lifter that the entry, or a stall of it, names', () => {
  const by = (lifter: string, attempt = 1): JobResult => ({ ...resultOf(1), lifter, attempt });

  it('so no other lifter ends a job, nor keeps the right one from it', async () => {
    const { teller, open, said } = stage();
    open.set('job-1', entryOf(1));
    teller.outcome({ ...by('lifter-2@x/b'), status: 'cancelled' });
    teller.outcome(by('lifter-1@x/earlier'));
    teller.outcome(by('lifter-1@x/a', 2));
    await teller.settled();
    expect([said, teller.hasOutcome('job-1')]).toEqual([[], false]);
    teller.outcome(by('lifter-1@x/a'));
    await teller.settled();
    expect(said.map(({ job }) => job?.state)).toEqual(['succeeded']);
  });

  it('also one that comes before the sheet that gives the job to it', async () => {
    const { teller, open, said } = stage();
    const waiting: JobEntry = { ...entryOf(1), state: { type: 'pending' } };
    open.set('job-1', waiting);
    teller.outcome({ ...by('lifter-2@x/b'), status: 'cancelled' });
    teller.outcome(by('lifter-1@x/a'));
    await teller.settled();
    expect(said).toEqual([]);
    open.set('job-1', entryOf(1));
    teller.ledgerChanged({ changed: [entryOf(1)], gone: [], newEpoch: false });
    await teller.settled();
    expect(said.map(({ job }) => job?.state)).toEqual(['succeeded']);
  });

  it('also one that was thought to be gone, and was not heard in time', async () => {
    const { teller, open, said } = stage();
    const error = { class: 'Stalled', message: '' };
    const stall = { attempt: 1, reason: 'stalled', lifter: 'lifter-9@x/z', at: 0, error } as const;
    open.set('job-1', { ...entryOf(1), attempt: 2, stalls: 1, failures: [stall] });
    teller.outcome(by('lifter-9@x/z'));
    await teller.settled();
    expect(said.map(({ job }) => job?.state)).toEqual(['succeeded']);
  });
});

describe('a job that was running at its deadline', () => {
  it('is told as expired, whatever its lifter calls it', async () => {
    const { teller, open, said } = stage();
    open.set('job-1', { ...entryOf(1), cancelRequested: { at: 0, by: 'deadline' } });
    teller.outcome({ ...resultOf(1), lifter: 'lifter-1@x/a', status: 'cancelled' });
    await teller.settled();
    expect(said).toMatchObject([{ job: { state: 'expired' } }]);
    expect(said[0]?.body).toContain('Too late');
  });
});
