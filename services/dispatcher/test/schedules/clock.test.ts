import { describe, expect, it } from 'vitest';
import { nextRun, nextTimeOfDay, problemWithCron } from '../../src/schedules/clock.js';

const at = (text: string) => Date.parse(text);
const iso = (time: number | undefined) => time && new Date(time).toISOString();

describe('when a schedule runs', () => {
  it('is meant in its time zone', () => {
    const after = at('2026-11-24T12:00:00Z');
    expect(iso(nextRun('0 6 * * *', 'UTC', after))).toBe('2026-11-25T06:00:00.000Z');
    expect(iso(nextRun('0 6 * * *', 'Europe/Vienna', after))).toBe('2026-11-25T05:00:00.000Z');
    expect(iso(nextRun('0 6 * * *', 'Europe/Vienna', at('2026-06-01T12:00:00Z')))).toBe(
      '2026-06-02T04:00:00.000Z',
    );
  });

  it('may be told to the second', () => {
    expect(iso(nextRun('*/5 * * * * *', 'UTC', at('2026-11-24T12:00:01Z')))).toBe(
      '2026-11-24T12:00:05.000Z',
    );
  });

  it('is always after the time given', () => {
    expect(iso(nextRun('0 6 * * *', 'UTC', at('2026-11-24T06:00:00Z')))).toBe(
      '2026-11-25T06:00:00.000Z',
    );
  });
});

describe('a time of day', () => {
  it('is today if it is still to come, else tomorrow', () => {
    const noon = at('2026-11-24T12:00:00Z');
    expect(iso(nextTimeOfDay({ hour: 18, minute: 30 }, 'UTC', noon))).toBe(
      '2026-11-24T18:30:00.000Z',
    );
    expect(iso(nextTimeOfDay({ hour: 9, minute: 0 }, 'UTC', noon))).toBe(
      '2026-11-25T09:00:00.000Z',
    );
  });
});

describe('a cron expression', () => {
  it('that makes no sense is refused in words', () => {
    expect(problemWithCron('0 6 * * *', 'UTC', 0)).toBeUndefined();
    expect(problemWithCron('61 * * * *', 'UTC', 0)).toBeTypeOf('string');
    expect(problemWithCron('whenever', 'UTC', 0)).toBeTypeOf('string');
    expect(problemWithCron('0 0 30 2 *', 'UTC', 0)).toBe('it never comes');
  });
});
