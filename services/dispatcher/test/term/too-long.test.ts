import { JobsError } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { problemOf } from '../../src/term/too-long.js';

describe('a request that takes more bytes than an entry may have', () => {
  const error = new JobsError('entry-too-large', 'the entry takes 28000 bytes');

  it('is refused with the longest field, its characters and bytes, and the limit', () => {
    expect(problemOf(error, { note: '举'.repeat(9_000), count: 3 })).toBe(
      '"note" is too long (9,000 characters, 27,002 bytes): what you ask for may take 24,576 bytes in all',
    );
  });

  it('is refused with the limit if it has no fields', () => {
    expect(problemOf(error, {})).toBe(
      'it is too long: what you ask for may take 24,576 bytes in all',
    );
  });
});
