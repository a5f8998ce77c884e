import type { Instant } from '@heavylift/jobs';
import { type CronFields, parseCron } from './cron.js';
import { nextWallTime, type WallTime } from './wall.js';
import { offsetAt, type Period, periodsAround } from './zone.js';

const dayMs = 86_400_000;
/** Each has a time that fits, so the first or second nearly always has a run. */
const mostWindows = 50;

/** When the jobs of a schedule come due. */
export interface Clock {
  /** The first run after that; undefined if there is none. */
  next(after: Instant): Instant | undefined;
}

/**
 * What a cron expression means in a time zone. Where clocks are put on or back, the rule is that of Vixie cron: what runs through
 * (a star among seconds, minutes or hours) runs whenever the clocks show a time that fits, twice where they show it twice. What is
 * fixed runs once a day: the first time in the hour that comes twice, and right after the gap for the time that is left out.
 * @throws Error that says what is wrong with the expression or the zone
 */
export function clockOf(cron: string, timeZone: string): Clock {
  const fields = parseCron(cron);
  // It throws if there is no such zone.
  offsetAt(timeZone, 0);
  const rule = fields.isWildcard ? runThrough : runOnce;
  return { next: (after) => search(fields, timeZone, after, rule) };
}

/** The next time that clocks in the zone show the hour and minute; right after the gap if it is left out that day. */
export function nextTimeOfDay(
  { hour, minute }: { readonly hour: number; readonly minute: number },
  timeZone: string,
  now: Instant,
): Instant {
  const next = search(parseCron(`0 ${minute} ${hour} * * *`), timeZone, now, nextShown);
  // There is one within three days, whatever the zone does with its clocks.
  if (next === undefined) throw new Error(`no ${hour}:${minute} in ${timeZone} after ${now}`);
  return next;
}

/** What is wrong with it, in words; undefined if nothing is. */
export function problemWithCron(cron: string, timeZone: string, now: Instant): string | undefined {
  try {
    const isEver = clockOf(cron, timeZone).next(now) !== undefined;
    return isEver ? undefined : 'it never comes: no month that it names has such a day';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The latest run after `after` and not after `now`, which is `first` or later. Costs the same for one missed run and for a million. */
export function latestRun(clock: Clock, first: Instant, now: Instant): Instant {
  const isLatest = (second: number): boolean => {
    const next = clock.next(second * 1_000);
    return next === undefined || next > now;
  };
  // Runs are at whole seconds; from the latest on, the next one lies in the future.
  let [low, high] = [Math.floor(first / 1_000), Math.floor(now / 1_000)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isLatest(middle)) high = middle;
    else low = middle + 1;
  }
  return low * 1_000;
}

/** What a period and those before it give, at the earliest at `from`. */
type Rule = (fields: CronFields, period: Period, shown: WallTime, from: Instant) => Found;
type Found = Instant | undefined;

/** Goes over the days around the times that fit, with whatever the zone's clocks do in them. */
function search(fields: CronFields, timeZone: string, after: Instant, rule: Rule): Found {
  const from = Math.floor(after / 1_000) * 1_000 + 1_000;
  for (let windows = 0, middle = after; windows < mostWindows; windows += 1) {
    const { periods, end } = periodsAround(timeZone, middle);
    const found = firstIn(periods, fields, from, rule);
    if (found !== undefined) return found;
    // A time on the wall is less than a day from the same time of UTC.
    const next = nextWallTime(fields, end - dayMs);
    if (next === undefined) return undefined;
    middle = Math.max(end, next);
  }
  return undefined;
}

function firstIn(periods: readonly Period[], fields: CronFields, from: Instant, rule: Rule): Found {
  /** Until when, excluding it, the clocks have shown all there is. */
  let shown: WallTime | undefined;
  for (const period of periods) {
    const { start, end, offset } = period;
    const found = rule(fields, period, shown ?? start + offset, from);
    if (found !== undefined) return found;
    shown = Math.max(shown ?? Number.NEGATIVE_INFINITY, end + offset);
  }
  return undefined;
}

/** Whenever the clocks show it. */
const runThrough: Rule = (fields, period, _shown, from) => firstFrom(fields, period, from);

/** Whenever the clocks show it, and after a gap if it lies in that. */
const nextShown: Rule = (fields, period, shown, from) =>
  afterGap(fields, period, shown, from) ?? firstFrom(fields, period, from);

/** When the clocks show it for the first time, and after a gap if it lies in that. */
const runOnce: Rule = (fields, period, shown, from) =>
  afterGap(fields, period, shown, from) ??
  firstFrom(fields, period, Math.max(from, shown - period.offset));

function firstFrom(fields: CronFields, { start, end, offset }: Period, from: Instant): Found {
  const wall = nextWallTime(fields, Math.max(start, from) + offset);
  return wall !== undefined && wall < end + offset ? wall - offset : undefined;
}

function afterGap(
  fields: CronFields,
  { start, offset }: Period,
  shown: WallTime,
  from: Instant,
): Found {
  if (start < from || shown >= start + offset) return undefined;
  const wall = nextWallTime(fields, shown);
  return wall !== undefined && wall < start + offset ? start : undefined;
}
