const unitMs = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

export type DurationUnit = keyof typeof unitMs;

/** For error messages: what a duration may look like. */
export const durationExamples = '250ms, 90s, 1h30m, 1.5h, 2d or 1w';

/** Longer than anybody's number; what is longer need not be looked at. */
const longestText = 64;

/**
 * The one grammar of durations: numbers, each followed by its unit and all of them added up, such as `250ms`, `90s`,
 * `1h30m`, `1.5h`, `2d`, `1w`. Upper and lower case are the same. Blanks may stand around it, not in it.
 *
 * @param implied unit of a number that stands without one. @default such a number is no duration
 * @returns whole milliseconds, rounded to the nearest; undefined if the text is no duration
 */
export function parseDuration(text: string, implied?: DurationUnit): number | undefined {
  const given = text.trim().toLowerCase();
  if (given.length > longestText) return undefined;
  if (implied !== undefined && /^\d+(\.\d+)?$/.test(given)) return inMs(given, implied);
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(given)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of given.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g))
    if (amount !== undefined && isUnit(unit)) sum += Number(amount) * unitMs[unit];
  return whole(sum);
}

function inMs(amount: string, unit: DurationUnit): number | undefined {
  return whole(Number(amount) * unitMs[unit]);
}

/** 1.1 hours are no whole number of milliseconds to a computer. */
function whole(ms: number): number | undefined {
  const rounded = Math.round(ms);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

function isUnit(unit: string | undefined): unit is DurationUnit {
  return unit !== undefined && Object.hasOwn(unitMs, unit);
}
