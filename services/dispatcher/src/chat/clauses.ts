import { durationExamples, parseDuration } from '@heavylift/jobs';
import type { Word } from './words.js';

/** When, where and how urgently: what may stand behind a command's own arguments. */
export interface Clauses {
  readonly when?: When;
  readonly target?: { readonly kind: 'all' } | { readonly kind: 'lifter'; readonly name: string };
  /** So long after it was asked for, it is of no use any more, in milliseconds. */
  readonly withinMs?: number;
  /** -100 (when nothing else waits) to 100. */
  readonly priority?: number;
}

export type When =
  | { readonly kind: 'in'; readonly ms: number }
  | { readonly kind: 'at'; readonly hour: number; readonly minute: number }
  /** A cron expression, not checked yet. */
  | { readonly kind: 'every'; readonly cron: string };

export type ClausesOrProblem =
  | { readonly clauses: Clauses; readonly rest: readonly Word[] }
  | { readonly problem: string };

export type Reading = Clauses | { readonly problem: string };

const readers = new Map<string, (value: string) => Reading>([
  ['in', readIn],
  ['at', readAt],
  ['every', (cron) => ({ when: { kind: 'every', cron } })],
  ['on', readOn],
  ['within', readWithin],
  ['priority', readPriority],
]);

/**
 * Takes the clauses off the end of a command: `lift 5 in 10m priority 3` leaves `lift 5`.
 * A quoted keyword is an ordinary word: `say hello "in" 10m`.
 */
export function splitClauses(words: readonly Word[]): ClausesOrProblem {
  let rest = words;
  let clauses: Clauses = {};
  for (;;) {
    const keyword = rest.at(-2);
    const value = rest.at(-1);
    const read = keyword && !keyword.quoted && readers.get(keyword.text.toLowerCase());
    // The first word is the command itself, even if it is called "in".
    if (!read || value === undefined || rest.length < 3) return { clauses, rest };
    const reading = read(value.text);
    if ('problem' in reading) return reading;
    const twice = Object.keys(reading).find((key) => key in clauses);
    if (twice !== undefined) return { problem: `it says twice ${said(twice)}` };
    clauses = { ...clauses, ...reading };
    rest = rest.slice(0, -2);
  }
}

/** Reads one clause by its keyword: `in`, `at`, `every`, `on` or `priority`. */
export function readClause(keyword: string, value: string): Reading {
  const read = readers.get(keyword.toLowerCase());
  return read === undefined ? { problem: `"${keyword}" is no clause` } : read(value);
}

const sayings: Readonly<Record<string, string>> = {
  when: 'when to run',
  target: 'where to run',
  withinMs: 'until when it is of use',
  priority: 'how urgent it is',
};

function said(key: string): string {
  return sayings[key] ?? key;
}

const longestDelayMs = 366 * 86_400_000;

function readIn(value: string): Reading {
  const ms = parseDuration(value);
  if (ms === undefined)
    return { problem: `"in ${value}": expected a duration such as ${durationExamples}` };
  if (ms > longestDelayMs) return { problem: `"in ${value}": that is more than a year` };
  return { when: { kind: 'in', ms } };
}

function readWithin(value: string): Reading {
  const ms = parseDuration(value);
  if (ms === undefined || ms === 0)
    return { problem: `"within ${value}": expected a duration such as ${durationExamples}` };
  if (ms > longestDelayMs) return { problem: `"within ${value}": that is more than a year` };
  return { withinMs: ms };
}

function readAt(value: string): Reading {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(value) ?? [];
  const time = { hour: Number(hour), minute: Number(minute) };
  if (hour === undefined || time.hour > 23 || time.minute > 59)
    return { problem: `"at ${value}": expected a time of day such as 18:00` };
  return { when: { kind: 'at', ...time } };
}

/** A lifter is named by the local part of its account, which has no capitals. */
function readOn(value: string): Reading {
  const name = value.toLowerCase();
  return { target: name === 'all' ? { kind: 'all' } : { kind: 'lifter', name } };
}

function readPriority(value: string): Reading {
  const priority = Number(value);
  if (!/^[+-]?\d{1,3}$/.test(value) || Math.abs(priority) > 100)
    return { problem: `"priority ${value}": expected a whole number from -100 to 100` };
  return { priority };
}
