import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockOf, latestRun, nextTimeOfDay, problemWithCron } from '../../src/schedules/clock.js';
import { offsetAt, periodsOf } from '../../src/schedules/zone.js';

const at = (text: string) => Date.parse(text);
const iso = (time: number | undefined) => time && new Date(time).toISOString();
const nextRun = (cron: string, timeZone: string, after: number) =>
  clockOf(cron, timeZone).next(after);

function runs(cron: string, timeZone: string, after: string, count: number): unknown[] {
  const clock = clockOf(cron, timeZone);
  const found: unknown[] = [];
  for (let time: number | undefined = at(after); found.length < count && time !== undefined; ) {
    time = clock.next(time);
    found.push(iso(time));
  }
  return found;
}

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
    expect(iso(nextRun('* * * * * *', 'UTC', at('2026-11-24T06:00:00.999Z')))).toBe(
      '2026-11-24T06:00:01.000Z',
    );
  });
});

describe('where clocks are put back', () => {
  const vienna = 'Europe/Vienna';

  it('what runs through is not silent for an hour', () => {
    expect(runs('*/30 * * * *', vienna, '2026-10-25T00:00:00Z', 4)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ]);
  });

  it('what is fixed runs the first time only', () => {
    expect(runs('30 2 * * *', vienna, '2026-10-24T23:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    expect(iso(nextRun('30 2 * * *', vienna, at('2026-10-25T01:10:00Z')))).toBe(
      '2026-10-26T01:30:00.000Z',
    );
  });

  it('a time of day is the next that clocks show, and never now', () => {
    const half = { hour: 2, minute: 30 };
    const of = (now: string) => iso(nextTimeOfDay(half, vienna, at(now)));
    expect(of('2026-10-25T00:10:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(of('2026-10-25T00:30:00Z')).toBe('2026-10-25T01:30:00.000Z');
    expect(of('2026-10-25T01:10:00Z')).toBe('2026-10-25T01:30:00.000Z');
    expect(of('2026-10-25T01:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });
});

describe('where clocks are put on', () => {
  it('what is fixed runs right after the gap, once', () => {
    expect(runs('30 2 * * *', 'Europe/Vienna', '2026-03-28T02:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(runs('0 2,3 * * *', 'Europe/Vienna', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:00:00.000Z',
    ]);
  });

  it('what runs through leaves out what the clocks do not show', () => {
    expect(runs('*/20 2-3 * * *', 'Europe/Vienna', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T01:20:00.000Z',
    ]);
  });

  it('by half an hour, or by a whole day, the rule is the same', () => {
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-03T15:30:00.000Z',
      '2026-10-04T15:15:00.000Z',
    ]);
    // There was no 30th of December 2011 in Samoa.
    expect(runs('0 12 30 12 *', 'Pacific/Apia', '2011-12-01T00:00:00Z', 1)).toEqual([
      '2011-12-30T10:00:00.000Z',
    ]);
  });

  it('a time of day that is left out is right after the gap', () => {
    const now = at('2026-03-29T00:00:00Z');
    expect(iso(nextTimeOfDay({ hour: 2, minute: 30 }, 'Europe/Vienna', now))).toBe(
      '2026-03-29T01:00:00.000Z',
    );
  });
});

describe('in every time zone, for a year', () => {
  const year = [at('2026-06-01T00:00:00Z'), at('2027-06-01T00:00:00Z')] as const;
  const zones = Intl.supportedValuesOf('timeZone');
  const minute = 60_000;

  const dayMs = 86_400_000;
  /** The changes of the year; where there are none, any day will do. */
  const changesOf = (zone: string): readonly number[] => {
    const [first, ...later] = periodsOf(zone, ...year);
    return later.length > 0 || first === undefined
      ? later.map(({ start }) => start)
      : [first.start];
  };

  /** The day on whose account a fixed schedule runs: the one shown, or where there is a gap, the one before it began. */
  function dayOf(zone: string, time: number, timeOfDay: number): number {
    const wall = time + offsetAt(zone, time);
    if (wall % dayMs === timeOfDay) return Math.floor(wall / dayMs);
    const before = offsetAt(zone, time - 1);
    if (before >= offsetAt(zone, time)) throw new Error(`${zone}: no gap at ${iso(time)}`);
    return Math.floor((time + before) / dayMs);
  }

  it.each([
    ['0 0 * * *', 0, 0],
    ['30 1 * * *', 1, 30],
    ['30 2 * * *', 2, 30],
    ['59 23 * * *', 23, 59],
  ])('%s runs once a day around every change, strictly one after the other', (cron, hour, of) => {
    const timeOfDay = (hour * 60 + of) * minute;
    const wrong: unknown[] = [];
    for (const zone of zones) {
      const clock = clockOf(cron, zone);
      for (const change of changesOf(zone)) {
        let last = clock.next(change - 3 * dayMs) ?? 0;
        for (let times = 0; times < 6; times += 1) {
          const next = clock.next(last) ?? 0;
          const days = dayOf(zone, next, timeOfDay) - dayOf(zone, last, timeOfDay);
          if (next <= last || days !== 1) wrong.push([zone, iso(last), iso(next)]);
          last = next;
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('each minute runs through around every change, without a gap and without a second time', () => {
    const wrong: unknown[] = [];
    for (const zone of zones) {
      const clock = clockOf('* * * * *', zone);
      for (const start of changesOf(zone))
        for (let time = start - 70 * minute; time < start + 70 * minute; time += minute)
          if (clock.next(time) !== time + minute) wrong.push([zone, iso(time)]);
    }
    expect(wrong).toEqual([]);
  });

  it('a time of day is to come, within two days, and shown or right after a gap', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: year[0], max: year[1] }),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (zone, now, hour, minuteOfHour) => {
          const time = nextTimeOfDay({ hour, minute: minuteOfHour }, zone, now);
          expect(time).toBeGreaterThan(now);
          expect(time - now).toBeLessThanOrEqual(26 * 60 * minute);
          const shown = new Date(time + offsetAt(zone, time)).toISOString().slice(11, 16);
          const wanted = `${String(hour).padStart(2, '0')}:${String(minuteOfHour).padStart(2, '0')}`;
          if (shown !== wanted)
            expect(offsetAt(zone, time)).toBeGreaterThan(offsetAt(zone, time - 1));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a cron expression', () => {
  const after = at('2026-11-28T12:00:00Z');

  it.each([
    ['0 6 * * MON-FRI', '2026-11-30T06:00:00.000Z'],
    ['0 0 1 jan *', '2027-01-01T00:00:00.000Z'],
    ['0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
    ['0 0 * 2 5#5', '2036-02-29T00:00:00.000Z'],
    ['0 0 L * *', '2026-11-30T00:00:00.000Z'],
    ['0 0 * * 5L', '2026-12-25T00:00:00.000Z'],
    ['0 0 * * FRI#2', '2026-12-11T00:00:00.000Z'],
    ['0 0 * * SAT-SUN', '2026-11-29T00:00:00.000Z'],
    ['0 0 * * 7', '2026-11-29T00:00:00.000Z'],
    ['0 0 13 * 5', '2026-12-04T00:00:00.000Z'],
    ['5/20 * * * *', '2026-11-28T12:05:00.000Z'],
    ['30 0 12 * * *', '2026-11-28T12:00:30.000Z'],
    ['@daily', '2026-11-29T00:00:00.000Z'],
    ['  0   6 * * *  ', '2026-11-29T06:00:00.000Z'],
  ])('%s is understood', (cron, expected) => {
    expect(problemWithCron(cron, 'UTC', after)).toBeUndefined();
    expect(iso(nextRun(cron, 'UTC', after))).toBe(expected);
  });

  it.each([
    ['whenever', /five fields/],
    ['', /five fields/],
    ['* * * * * * *', /five fields/],
    ['2026-01-01T00:00:00', /five fields/],
    ['2026-01-01 00:00 * * *', /minute "2026-01-01"/],
    ['61 * * * *', /minute "61": expected 0 to 59/],
    ['99999999999999999999 * * * *', /minute "9+": expected 0 to 59/],
    ['1-99999999999 * * * *', /minute "9+"/],
    ['-1 * * * *', /minute ""/],
    ['1e1 * * * *', /minute "1E1"/],
    ['5-1 * * * *', /runs backwards/],
    ['*/0 * * * *', /step from 1 to 59/],
    ['*/1.5 * * * *', /step from 1 to 59/],
    ['1/2/3 * * * *', /one step/],
    ['1-2-3 * * * *', /two numbers/],
    ['1,,2 * * * *', /beside a comma/],
    ['? * * * *', /"\?" is not known here, write "\*"/],
    ['0 0 ? * MON', /"\?" is not known here/],
    ['0 0 0 * *', /day of month "0": expected 1 to 31/],
    ['0 0 * 13 *', /month "13": expected 1 to 12, or JAN to DEC/],
    ['0 0 * * 8', /day of week "8": expected 0 to 7, or SUN to SAT/],
    ['H * * * *', /minute "H"/],
    ['0 0 30 2 *', /never comes/],
    ['0 0 31 4,6,9,11 *', /never comes/],
  ])('%s is refused in words', (cron, expected) => {
    expect(problemWithCron(cron, 'UTC', after)).toMatch(expected);
  });

  it('of more than 256 characters is refused before it is read', () => {
    expect(problemWithCron(`${'1,'.repeat(200)}1 * * * *`, 'UTC', after)).toBe(
      'it has 409 characters, 256 are the most',
    );
  });

  it('of whatever text is refused or has its next run later, at a bounded cost', () => {
    const piece = fc.constantFrom(
      ...'0 1 5 31 59 60 99999999999 * */2 */0 ? L W # 5#5 5L JAN MON - / , . -1 e 1-5 5-1 T : @daily'.split(
        ' ',
      ),
    );
    const field = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    const text = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.array(field, { minLength: 4, maxLength: 7 }).map((fields) => fields.join(' ')),
      fc
        .tuple(fc.integer({ min: 28, max: 31 }), fc.integer({ min: 1, max: 12 }))
        .map(([day, month]) => `0 0 ${day} ${month} *`),
    );
    fc.assert(
      fc.property(text, fc.constantFrom('UTC', 'Europe/Berlin'), (cron, zone) => {
        const began = performance.now();
        const problem = problemWithCron(cron, zone, after);
        if (problem === undefined) expect(nextRun(cron, zone, after)).toBeGreaterThan(after);
        else expect(problem).not.toMatch(/stack|undefined|RangeError/);
        // A hundred times what it takes.
        expect(performance.now() - began).toBeLessThan(1_000);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the latest run', () => {
  it('of a year of missed seconds costs as few steps as one of an hour', () => {
    let steps = 0;
    const clock = clockOf('* * * * * *', 'Europe/Berlin');
    const counting = {
      next(after: number) {
        steps += 1;
        return clock.next(after);
      },
    };
    const first = at('2026-01-01T00:00:00Z');
    const now = at('2027-01-01T00:00:00.500Z');
    expect(latestRun(counting, first, now)).toBe(at('2027-01-01T00:00:00Z'));
    expect(steps).toBeLessThan(30);
  });

  it('is what going from run to run comes to', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('0 * * * *', '*/7 3 * * *', '30 2 * * *', '0 0 1 * *', '15,45 1-3 * * SUN'),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
        fc.integer({ min: at('2026-09-01T00:00:00Z'), max: at('2026-11-20T00:00:00Z') }),
        fc.integer({ min: 0, max: 40 * 86_400_000 }),
        (cron, zone, start, length) => {
          const clock = clockOf(cron, zone);
          const first = clock.next(start);
          if (first === undefined || first > start + length) return;
          let latest = first;
          for (
            let next: number | undefined = first;
            next !== undefined && next <= start + length;
          ) {
            latest = next;
            next = clock.next(next);
          }
          expect(latestRun(clock, first, start + length)).toBe(latest);
        },
      ),
      { numRuns: 60 },
    );
  });
});
