import type { FailedJob, JobId } from '@heavylift/jobs';
import { describe, expect, it, vi } from 'vitest';
import { createFailedJobs } from '../../src/term/failed-jobs.js';
import { entry } from '../support/desk.js';

const error = { class: 'Error', message: 'slipped' };
const another = { ...entry, id: '01890000-0000-7000-8000-000000000008', number: 8 };

/** Publishes that the test has confirmed, one by one. */
function setUp() {
  const confirm: (() => void)[] = [];
  const published: string[] = [];
  const stored: JobId[] = [];
  const failed = createFailedJobs({
    node: {
      publish: (_job: FailedJob, { id = '' } = {}) =>
        new Promise((resolve) => {
          published.push(id);
          confirm.push(() => resolve(id));
        }),
      retract: async () => undefined,
      items: async () => [],
      async *pages() {},
    },
    trusted: (items) => items,
    isOpen: () => true,
    certify: async () => undefined,
    confirm: async () => undefined,
    epoch: 5,
    onStored: (job) => stored.push(job),
    onRetry: () => undefined,
  });
  return { failed, confirm, published, stored };
}

describe('a job that failed for good', () => {
  it('is on its way until the node has it, whatever else is to be stored', async () => {
    const { failed, confirm, published, stored } = setUp();
    failed.add({ entry, error });
    failed.add({ entry: another, error });
    expect(failed.isOnItsWay(entry.id)).toBe(true);
    await vi.waitFor(() => expect(published).toEqual(['7']));
    confirm[0]?.();
    await vi.waitFor(() => expect(stored).toEqual([entry.id]));
    expect(failed.isOnItsWay(entry.id)).toBe(false);
    expect(failed.isOnItsWay(another.id)).toBe(true);
    failed.close();
  });

  it('is not on its way if it was never added', () => {
    const { failed } = setUp();
    expect(failed.isOnItsWay(entry.id)).toBe(false);
  });
});

describe('the mark that a failed job was retried', () => {
  it('holds though an earlier leader puts the item back late, as it was before', async () => {
    let item: FailedJob = { entry, error, epoch: 4 };
    const failed = createFailedJobs({
      node: {
        publish: async (job) => {
          item = job;
          return '7';
        },
        retract: async () => undefined,
        items: async () => [{ id: '7', value: item }],
        async *pages() {
          yield [{ id: '7', value: item }];
        },
      },
      trusted: (items) => items,
      isOpen: () => true,
      certify: async () => undefined,
      confirm: async () => undefined,
      epoch: 5,
      onStored: () => undefined,
      onRetry: () => undefined,
    });
    await failed.retried(item, 12);
    expect(item).toMatchObject({ retriedAs: 12, epoch: 5 });
    item = { entry, error, epoch: 4 };
    expect(await failed.find(7)).toMatchObject({ retriedAs: 12 });
    expect(await failed.all()).toMatchObject([{ retriedAs: 12 }]);
  });
});
