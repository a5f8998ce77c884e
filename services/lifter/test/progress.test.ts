import type { Progress } from '@heavylift/jobs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgressReporter } from '../src/progress.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const progress = (job: string, done: number): Progress => ({
  type: 'progress',
  job,
  attempt: 1,
  at: 0,
  done,
});

/** A service that answers when told to. */
function slowService() {
  const published: string[] = [];
  let answer: () => void = () => undefined;
  const publish = (batch: readonly Progress[]) => {
    published.push(batch.map(({ job, done }) => `${job}${done}`).join(' '));
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  };
  return { published, publish, answer: () => answer() };
}

it('the latest of all jobs that moved goes out together', async () => {
  const { published, publish, answer } = slowService();
  const reporter = createProgressReporter({ publish, intervalMs: 500 });
  reporter.report(progress('a', 1));
  answer();
  for (let done = 2; done <= 9; done++) reporter.report(progress('a', done));
  reporter.report(progress('b', 1));
  await vi.advanceTimersByTimeAsync(500);
  expect(published).toEqual(['a1', 'a9 b1']);
  reporter.close();
});

it('while the service is slow, later progress takes the place of earlier', async () => {
  const { published, publish, answer } = slowService();
  const reporter = createProgressReporter({ publish, intervalMs: 500 });
  for (let done = 1; done <= 20; done++) {
    reporter.report(progress('a', done));
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(published).toEqual(['a1']);
  answer();
  await vi.advanceTimersByTimeAsync(500);
  expect(published).toEqual(['a1', 'a20']);
  reporter.close();
});

it('nothing is said of a job whose attempt is over', async () => {
  const { published, publish, answer } = slowService();
  const reporter = createProgressReporter({ publish, intervalMs: 500 });
  reporter.report(progress('a', 1));
  answer();
  reporter.report(progress('a', 2));
  reporter.forget('a');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(published).toEqual(['a1']);
  reporter.close();
});

it('what could not be published is dropped, and the next goes out', async () => {
  const dropped: unknown[] = [];
  const publish = vi.fn(() => Promise.reject(new Error('too slow')));
  const onDropped = (error: unknown) => dropped.push(error);
  const reporter = createProgressReporter({ publish, intervalMs: 500, onDropped });
  reporter.report(progress('a', 1));
  await vi.advanceTimersByTimeAsync(500);
  reporter.report(progress('a', 2));
  await vi.advanceTimersByTimeAsync(500);
  expect(publish).toHaveBeenCalledTimes(2);
  expect(dropped).toHaveLength(2);
  reporter.close();
});
