import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { latest } from '../src/latest.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the latest, once an interval', () => {
  it('goes out at once, and then no more often than the interval', () => {
    const delivered: number[] = [];
    const values = latest<number>(100, (value) => delivered.push(value));
    for (const value of [1, 2, 3]) values.push(value);
    expect(delivered).toEqual([1]);
    vi.advanceTimersByTime(99);
    expect(delivered).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(delivered).toEqual([1, 3]);
    vi.advanceTimersByTime(1_000);
    values.push(4);
    expect(delivered).toEqual([1, 3, 4]);
  });

  it('goes out of a loop that lets no timer run', () => {
    const delivered: number[] = [];
    const values = latest<number>(100, (value) => delivered.push(value));
    for (let value = 0; value < 10; value++) {
      values.push(value);
      vi.setSystemTime(Date.now() + 60);
      vi.spyOn(performance, 'now').mockReturnValue((value + 1) * 60);
    }
    expect(delivered.length).toBeGreaterThan(3);
    expect(delivered.length).toBeLessThan(10);
  });

  it('does not go out after the end', () => {
    const delivered: number[] = [];
    const values = latest<number>(100, (value) => delivered.push(value));
    values.push(1);
    values.push(2);
    values.close();
    values.push(3);
    vi.advanceTimersByTime(1_000);
    expect(delivered).toEqual([1]);
  });
});
