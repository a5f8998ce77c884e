import { describe, expect, it } from 'vitest';
import { randomBytes } from '../src/random.js';

describe('random bytes', () => {
  it('are as many as asked for, and never the same, across the pages that are taken from the system', () => {
    const taken = Array.from({ length: 2_000 }, () => randomBytes(10));
    expect(taken.every(({ length }) => length === 10)).toBe(true);
    expect(new Set(taken.map((bytes) => bytes.toString('hex'))).size).toBe(2_000);
  });
});
