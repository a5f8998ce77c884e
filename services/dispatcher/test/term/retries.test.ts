import type { FailedJob, JobEntry, NewJob } from '@heavylift/jobs';
import { createLogger } from '@heavylift/service';
import { describe, expect, it } from 'vitest';
import type { SubmitAnswer } from '../../src/desk.js';
import { createRetries, type RetriesPorts } from '../../src/term/retries.js';
import { entry, now } from '../support/desk.js';

const failedJob: FailedJob = {
  entry: { ...entry, uniqueKey: 'k', deadline: now, attempt: 3 },
  error: { class: 'Error', message: 'slipped' },
  finished: now - 1_000,
};

/** A node with failed job 7, and a ledger that takes in what it is given, from number 41 on. */
function setUp(changes: Partial<RetriesPorts> = {}) {
  let found = failedJob;
  const taken: JobEntry[] = [];
  const retry = createRetries({
    failed: {
      find: async (number) => (number === found.entry.number ? found : undefined),
      async retried(job, as) {
        found = { ...job, retriedAs: as };
      },
    },
    isKnown: (number) => number === 1,
    numberOf: (job) => taken.find(({ id }) => id === job)?.number,
    openTwin: () => undefined,
    refusal: () => undefined,
    async accept(job: NewJob): Promise<SubmitAnswer> {
      const accepted = { ...job, number: 41 + taken.length, revision: 1 };
      taken.push(accepted);
      return { kind: 'accepted', entry: accepted };
    },
    duplicate: async (job, number) => ({ kind: 'duplicate', job, number }),
    now: () => now,
    log: createLogger({ name: 'retries', level: 'silent' }),
    ...changes,
  });
  return { retry, taken, found: () => found };
}

describe('retrying a job that failed for good', () => {
  it('brings a new one without attempts, failures and deadline, and keeps the old one', async () => {
    const { retry, taken, found } = setUp();
    expect(await retry(7)).toMatchObject({ kind: 'accepted', entry: { number: 41 } });
    expect(taken).toMatchObject([
      { args: { count: 5 }, attempt: 1, failures: [], submitted: now, uniqueKey: 'k' },
    ]);
    expect(taken[0]).not.toHaveProperty('deadline');
    expect(found()).toEqual({ ...failedJob, retriedAs: 41 });
  });

  it('happens once, however often it is asked for', async () => {
    const { retry, taken } = setUp();
    const answers = await Promise.all([retry(7), retry(7)]);
    expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
    expect(await retry(7)).toMatchObject({ kind: 'duplicate', number: 41 });
    expect(taken).toHaveLength(1);
  });

  it('happens once though a dispatcher died before it could mark the failed job', async () => {
    const { retry, taken } = setUp({
      failed: {
        find: async () => failedJob,
        retried: () => Promise.reject(new Error('the connection is gone')),
      },
    });
    expect(await retry(7)).toMatchObject({ kind: 'accepted' });
    expect(await retry(7)).toMatchObject({ kind: 'duplicate', number: 41 });
    expect(taken).toHaveLength(1);
  });

  it('is not for what has not failed, or is not known', async () => {
    const { retry } = setUp();
    expect(await retry(1)).toEqual({ kind: 'not-failed' });
    expect(await retry(2)).toEqual({ kind: 'unknown' });
  });

  it('does not make a second open job of one unique key', async () => {
    const { retry, taken } = setUp({
      openTwin: ({ uniqueKey }) => (uniqueKey === 'k' ? { job: 'twin', number: 9 } : undefined),
    });
    expect(await retry(7)).toEqual({ kind: 'duplicate', job: 'twin', number: 9 });
    expect(taken).toEqual([]);
  });

  it('is not kept from running by the key that the failed job itself has until its requester is told', async () => {
    const { retry } = setUp({ openTwin: () => ({ job: failedJob.entry.id, number: 7 }) });
    expect(await retry(7)).toMatchObject({ kind: 'accepted' });
  });

  it('is refused where no more jobs are taken in', async () => {
    const { retry, found } = setUp({ refusal: () => 'Too many.' });
    expect(await retry(7)).toEqual({ kind: 'refused', text: 'Too many.' });
    expect(found()).toBe(failedJob);
  });
});
