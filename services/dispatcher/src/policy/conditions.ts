/** Conditions of rules on values: arguments of handlers, and the clauses behind a command. */
import type { Json } from '@heavylift/jobs';
import type { Clauses } from '../chat/clauses.js';
import { alike } from './alike.js';
import { fitsGlob } from './glob.js';

/** What a value has to be like: a number within bounds, or a text that fits one of the patterns. */
export type Condition =
  | { readonly min?: number; readonly max?: number }
  | { readonly oneOf: readonly string[] };

export type Conditions = Readonly<Record<string, Condition>>;
export type Effect = 'allow' | 'deny';

/** Words with which people say yes or no to a handler, and to YAML. */
const spellings = new Map<Json, readonly string[]>([
  [true, ['true', 'yes', 'on']],
  [false, ['false', 'no', 'off']],
]);

/**
 * Whether a value is as the condition wants it. What is denied is denied in every spelling that looks the same; what is allowed is
 * allowed as it is written, upper and lower case aside.
 */
export function holds(condition: Condition, value: Json | undefined, effect: Effect): boolean {
  if (value === undefined || value === null) return false;
  if ('oneOf' in condition) return fitsOneOf(condition.oneOf, value, effect);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = condition;
  const number = typeof value === 'string' && effect === 'deny' ? numberIn(value) : value;
  return typeof number === 'number' && number >= min && number <= max;
}

function fitsOneOf(patterns: readonly string[], value: Json, effect: Effect): boolean {
  const normalise = effect === 'deny' ? alike : (text: string) => text.toLowerCase();
  const texts = (spellings.get(value) ?? [textOf(value)]).map(normalise);
  return patterns.some((pattern) => texts.some((text) => fitsGlob(normalise(pattern), text)));
}

function textOf(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function numberIn(text: string): number | undefined {
  const plain = alike(text);
  return plain === '' || Number.isNaN(Number(plain)) ? undefined : Number(plain);
}

/** When, where and how urgently, as rules see it; what was not said has the value that it has then. */
export const clauseNames = ['when', 'in', 'at', 'every', 'on', 'within', 'priority'] as const;
export type ClauseName = (typeof clauseNames)[number];

export function clauseValues({
  when,
  target,
  withinMs,
  priority = 0,
}: Clauses): Readonly<Record<ClauseName, Json | undefined>> {
  return {
    when: when?.kind ?? 'now',
    in: when === undefined ? 0 : when.kind === 'in' ? when.ms : undefined,
    at: when?.kind === 'at' ? timeOfDay(when.hour, when.minute) : 'none',
    every: when?.kind === 'every' ? when.cron : 'none',
    on: target === undefined ? 'any' : target.kind === 'all' ? 'all' : target.name,
    within: withinMs ?? Number.POSITIVE_INFINITY,
    priority,
  };
}

const twoDigits = (number: number): string => String(number).padStart(2, '0');
const timeOfDay = (hour: number, minute: number): string =>
  `${twoDigits(hour)}:${twoDigits(minute)}`;
