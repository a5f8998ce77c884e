import type { HandlerSpec, JobResult } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { outcomeText, progressText } from '../src/texts.js';

const spec: HandlerSpec = {
  name: 'hash',
  title: 'hashing',
  summary: '',
  fields: [],
  timeoutMs: 1,
  maxAttempts: 1,
  texts: {},
};
const base = {
  job: 'j',
  number: 7,
  kind: 'hash',
  attempt: 1,
  submitted: 0,
  finished: 1,
  failures: [],
};
const error = { class: 'Error', message: 'too heavy' };
const failure = { attempt: 1, reason: 'failed', lifter: 'l@x/a', at: 0, error } as const;

const cases: [JobResult, string][] = [
  [{ ...base, status: 'succeeded', value: null }, 'Done: hashing #7'],
  [{ ...base, status: 'succeeded', value: 'abc' }, 'Done: hashing #7: abc'],
  [{ ...base, status: 'succeeded', value: { a: 1 } }, 'Done: hashing #7: {"a":1}'],
  [{ ...base, status: 'failed', error }, 'Failed: hashing #7: too heavy'],
  [
    { ...base, status: 'failed', error, attempt: 2, failures: [failure] },
    'Failed: hashing #7 after 2 attempts: too heavy',
  ],
  [
    { ...base, status: 'failed', error: { class: 'Error', message: 'two\n  lines' } },
    'Failed: hashing #7: two lines',
  ],
  [{ ...base, status: 'cancelled' }, 'Cancelled: hashing #7'],
  [{ ...base, status: 'expired' }, 'Too late: hashing #7 was not done by its deadline'],
];

describe('outcomeText', () => {
  it.each(cases)('%j', (result, text) => {
    expect(outcomeText(result, spec)).toBe(text);
  });
  it('uses the words of the handler for success', () => {
    const own = { ...spec, texts: { done: 'Done lifting' } };
    expect(outcomeText({ ...base, status: 'succeeded', value: 30 }, own)).toBe('Done lifting #7');
  });
  it('calls the job by its kind if nobody describes it any more', () => {
    expect(outcomeText({ ...base, status: 'cancelled' }, undefined)).toBe('Cancelled: hash #7');
  });
  it('cuts a long value', () => {
    const long = outcomeText({ ...base, status: 'succeeded', value: 'x'.repeat(9_999) }, spec);
    expect(long.length).toBeLessThan(1_100);
  });
});

it('progressText says how far, and of how much where that is known', () => {
  const progress = { type: 'progress', job: 'j', attempt: 1, at: 0, done: 3 } as const;
  expect(progressText(7, { ...progress, total: 9, note: 'slow' }, 'hashing')).toBe(
    '#7 hashing: 3 of 9, slow',
  );
  expect(progressText(7, progress, 'hashing')).toBe('#7 hashing: 3');
});
