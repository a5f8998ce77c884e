/** A time of day, a day of the month and so on are numbers; a field names those that fit. */
export interface CronFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: Days;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** Runs through: each time that clocks show counts. Else it is fixed: once a day, whatever the zone does. */
  readonly isWildcard: boolean;
}

/** Which days fit. If both the day of the month and the day of the week are restricted, either will do. */
interface Days {
  /** Undefined: not restricted. */
  readonly ofMonth?: { readonly numbers: ReadonlySet<number>; readonly last: boolean };
  readonly ofWeek?: {
    /** 0 is Sunday. */
    readonly numbers: ReadonlySet<number>;
    /** The nth such day of the month, or the last. */
    readonly nth: readonly { readonly day: number; readonly n: number | 'last' }[];
  };
}

/** Characters of a cron expression, at most. */
export const longestCron = 256;

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const named = (text: string): readonly string[] => text.split(' ');
const second: Field = { name: 'second', min: 0, max: 59, names: [] };
const minute: Field = { name: 'minute', min: 0, max: 59, names: [] };
const hour: Field = { name: 'hour', min: 0, max: 23, names: [] };
const dayOfMonth: Field = { name: 'day of month', min: 1, max: 31, names: [] };
const month: Field = {
  name: 'month',
  min: 1,
  max: 12,
  names: named('JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'),
};
/** Sunday is 0 and 7. */
const dayOfWeek: Field = {
  name: 'day of week',
  min: 0,
  max: 7,
  names: named('SUN MON TUE WED THU FRI SAT'),
};

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/**
 * Reads a cron expression: five fields, or six with seconds first. Our own, because croner 9 is
 * silent in the hour that comes twice, names next runs that have passed and overflows the stack on some texts.
 * @throws Error that says what is wrong
 */
export function parseCron(text: string): CronFields {
  if (text.length > longestCron)
    throw new Error(`it has ${text.length} characters, ${longestCron} are the most`);
  const trimmed = text.trim().toUpperCase();
  const words = (nicknames.get(trimmed.toLowerCase()) ?? trimmed).split(/\s+/);
  if (words.length !== 5 && words.length !== 6)
    throw new Error(
      `expected five fields (minute, hour, day of month, month, day of week), or six with seconds first`,
    );
  const [s = '', m = '', h = '', dom = '', mon = '', dow = ''] =
    words.length === 5 ? ['0', ...words] : words;
  const seconds = numbersIn(s, second);
  const minutes = numbersIn(m, minute);
  const hours = numbersIn(h, hour);
  return {
    seconds: sorted(seconds),
    minutes: sorted(minutes),
    hours: sorted(hours),
    days: daysIn(dom, dow),
    months: numbersIn(mon, month),
    isWildcard: isOpen(s, seconds, second) || isOpen(m, minutes, minute) || isOpen(h, hours, hour),
  };
}

/** As in Vixie cron, a star makes it so, also with a step. */
const isOpen = (text: string, numbers: ReadonlySet<number>, { min, max }: Field): boolean =>
  text.includes('*') || numbers.size === max - min + 1;

function daysIn(ofMonthText: string, ofWeekText: string): Days {
  const last = partsOf(ofMonthText, dayOfMonth).includes('L');
  const plainDays = partsOf(ofMonthText, dayOfMonth).filter((part) => part !== 'L');
  const days = numbersOf(plainDays, dayOfMonth);
  const [plainWeek, nth] = splitNth(ofWeekText);
  const week = new Set([...numbersOf(plainWeek, dayOfWeek)].map((day) => day % 7));
  return {
    ...(days.size < 31 && { ofMonth: { numbers: days, last } }),
    ...(week.size < 7 && { ofWeek: { numbers: week, nth } }),
  };
}

/** `5#2` is the second Friday of the month, `5L` and `5#L` the last. */
function splitNth(text: string) {
  const plain: string[] = [];
  const nth: { day: number; n: number | 'last' }[] = [];
  for (const part of partsOf(text, dayOfWeek)) {
    const [, day, n] = /^(\w+?)(L|#L|#[1-5])$/.exec(part) ?? [];
    if (day === undefined || n === undefined) plain.push(part);
    else
      nth.push({
        day: numberIn(day, dayOfWeek) % 7,
        n: n.endsWith('L') ? 'last' : Number(n.slice(1)),
      });
  }
  return [plain, nth] as const;
}

const numbersIn = (text: string, field: Field): ReadonlySet<number> =>
  numbersOf(partsOf(text, field), field);

function partsOf(text: string, { name }: Field): readonly string[] {
  const parts = text.split(',');
  if (parts.includes('')) throw new Error(`${name} "${text}": there is nothing beside a comma`);
  return parts;
}

function numbersOf(parts: readonly string[], field: Field): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const part of parts) {
    const { from, to, step } = readPart(part, field);
    for (let number = from; number <= to; number += step) numbers.add(number);
  }
  return numbers;
}

// A star, a number or a range, with or without a step; `5/15` is the same as `5-59/15`.
function readPart(part: string, field: Field): { from: number; to: number; step: number } {
  const { name, min, max } = field;
  if (part.includes('?')) throw new Error(`${name} "${part}": "?" is not known here, write "*"`);
  const [range = '', stepText, ...more] = part.split('/');
  if (more.length > 0) throw new Error(`${name} "${part}": one step at most`);
  const step = stepText === undefined ? 1 : stepIn(stepText, part, field);
  // A week has no second Sunday that a star could mean.
  if (range === '*') return { from: min, to: max === 7 ? 6 : max, step };
  const [first = '', last, ...others] = range.split('-');
  if (others.length > 0) throw new Error(`${name} "${part}": a range is two numbers`);
  const from = numberIn(first, field);
  if (last === undefined) return { from, to: stepText === undefined ? from : max, step };
  const end = numberIn(last, field);
  // Until Sunday, which is the last day of the week here.
  const to = max === 7 && end === 0 && from > 0 ? 7 : end;
  if (to < from)
    throw new Error(`${name} "${part}": the range runs backwards, write it as two: from and to`);
  return { from, to, step };
}

function stepIn(text: string, part: string, { name, max }: Field): number {
  const step = Number(text);
  if (!/^\d{1,2}$/.test(text) || step < 1 || step > max)
    throw new Error(`${name} "${part}": expected a step from 1 to ${max}`);
  return step;
}

function numberIn(text: string, { name, min, max, names }: Field): number {
  const at = names.indexOf(text);
  if (at >= 0) return at + min;
  const number = Number(text);
  if (!/^\d{1,2}$/.test(text) || number < min || number > max)
    throw new Error(
      `${name} "${text}": expected ${min} to ${max}${names.length > 0 ? `, or ${names[0]} to ${names.at(-1)}` : ''}`,
    );
  return number;
}

const sorted = (numbers: ReadonlySet<number>): readonly number[] =>
  [...numbers].sort((a, b) => a - b);

/** Whether a day fits, month aside. @param weekday of the day, 0 is Sunday */
export function isDayOf(
  { ofMonth, ofWeek }: Days,
  day: number,
  weekday: number,
  lastOfMonth: number,
): boolean {
  const fitsMonth =
    ofMonth !== undefined && (ofMonth.numbers.has(day) || (ofMonth.last && day === lastOfMonth));
  const fitsWeek =
    ofWeek !== undefined &&
    (ofWeek.numbers.has(weekday) ||
      ofWeek.nth.some(
        (each) =>
          each.day === weekday &&
          (each.n === 'last' ? day + 7 > lastOfMonth : Math.ceil(day / 7) === each.n),
      ));
  if (ofMonth === undefined && ofWeek === undefined) return true;
  return fitsMonth || fitsWeek;
}
