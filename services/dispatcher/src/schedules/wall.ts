import { type CronFields, isDayOf } from './cron.js';

/**
 * What clocks on the wall show, as the milliseconds that UTC would have then. It knows no zones: arithmetic of the calendar alone.
 */
export type WallTime = number;

/** The fifth Friday of February comes every 28 years, and after 40 around a century without its leap year. */
const horizonMonths = 41 * 12;
const dayMs = 86_400_000;

/** The first time from `from` on that fits; undefined if none does. Its cost is bounded, whatever the fields. */
export function nextWallTime(fields: CronFields, from: WallTime): WallTime | undefined {
  const start = new Date(Math.ceil(from / 1_000) * 1_000);
  const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()];
  for (let months = 0; months < horizonMonths; months += 1) {
    const first = Date.UTC(year, month + months, 1);
    if (!fields.months.has(new Date(first).getUTCMonth() + 1)) continue;
    const found = inMonth(fields, first, months === 0 ? day : 1, start.getTime());
    if (found !== undefined) return found;
  }
  return undefined;
}

function inMonth(
  fields: CronFields,
  first: WallTime,
  firstDay: number,
  from: WallTime,
): WallTime | undefined {
  const at = new Date(first);
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  for (let day = firstDay; day <= last; day += 1) {
    const weekday = (at.getUTCDay() + day - 1) % 7;
    if (!isDayOf(fields.days, day, weekday, last)) continue;
    const midnight = first + (day - 1) * dayMs;
    const time = timeOfDay(fields, Math.max(0, from - midnight) / 1_000);
    if (time !== undefined) return midnight + time * 1_000;
  }
  return undefined;
}

/** In seconds since midnight. */
function timeOfDay(fields: CronFields, from: number): number | undefined {
  const { hours, minutes, seconds } = fields;
  for (const hour of hours) {
    if (hour * 3_600 + 3_599 < from) continue;
    for (const minute of minutes) {
      const start = hour * 3_600 + minute * 60;
      if (start + 59 < from) continue;
      const second = seconds.find((each) => start + each >= from);
      if (second !== undefined) return start + second;
    }
  }
  return undefined;
}
