import type { Instant } from '@heavylift/jobs';

/** A time in which a zone's clocks keep one distance to UTC. */
export interface Period {
  readonly start: Instant;
  /** The first instant that does not belong to it. */
  readonly end: Instant;
  /** Milliseconds that the wall is ahead of UTC. */
  readonly offset: number;
}

/** One a zone: they are dear to make, and there are some 450 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();
const probeMs = 86_400_000;
/** More than any zone is away from UTC, and than clocks are ever put on or back. */
const marginMs = 3 * 86_400_000;

interface Window {
  readonly start: Instant;
  readonly end: Instant;
  readonly periods: readonly Period[];
}

/** The latest of each zone: who asks for the next run asks for the one after it, too. */
const windows = new Map<string, Window>();

/** The periods of some days before and after. */
export function periodsAround(timeZone: string, at: Instant): Window {
  const start = (Math.floor(at / marginMs) - 1) * marginMs;
  const known = windows.get(timeZone);
  if (known?.start === start) return known;
  const end = start + 3 * marginMs;
  const found = { start, end, periods: periodsOf(timeZone, start, end) };
  windows.set(timeZone, found);
  return found;
}

/** @throws RangeError if there is no such zone */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, format);
  return format;
}

/** Milliseconds that the zone's clocks are ahead of UTC then. @throws RangeError if there is no such zone */
export function offsetAt(timeZone: string, at: Instant): number {
  const whole = Math.floor(at / 1_000) * 1_000;
  // "11/28/2026, 09:05:07"
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = formatOf(timeZone)
    .format(whole)
    .split(/\D+/)
    .map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

/** The periods from one instant to another, in order. Zones change no more than once a day. */
export function periodsOf(timeZone: string, from: Instant, to: Instant): readonly Period[] {
  const periods: Period[] = [];
  let start = from;
  let offset = offsetAt(timeZone, from);
  for (let at = from; at < to; ) {
    const next = Math.min(at + probeMs, to);
    const nextOffset = offsetAt(timeZone, next);
    if (nextOffset !== offset) {
      const change = changeBetween(timeZone, at, next, offset);
      periods.push({ start, end: change, offset });
      start = change;
      offset = nextOffset;
    }
    at = next;
  }
  periods.push({ start, end: to, offset });
  return periods;
}

/** The first instant, to the second, that has another offset than the one before. */
function changeBetween(timeZone: string, before: Instant, after: Instant, offset: number): Instant {
  let [low, high] = [Math.floor(before / 1_000), Math.ceil(after / 1_000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timeZone, middle * 1_000) === offset) low = middle;
    else high = middle;
  }
  return high * 1_000;
}
