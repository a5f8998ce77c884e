import type { HandlerField, HandlerSpec, Json, JsonObject } from '@heavylift/jobs';
import { echo } from './texts.js';
import { splitWords, type Word } from './words.js';

export type ArgumentsOrProblem = { readonly args: JsonObject } | { readonly problem: string };

type Value = { readonly value: Json } | { readonly problem: string };

/**
 * Reads a command's words as a handler's arguments: by position or as `name=value`, in any mixture.
 * The last field, if it is a text, takes all that is left, character by character as it stands in the line: so a sentence
 * needs no quotes, and line breaks, quotes and backslashes stay what they are. One text wholly in quotes loses them.
 * @param line in which the words stand
 */
export function readArguments(
  spec: Pick<HandlerSpec, 'fields'>,
  words: readonly Word[],
  line: string,
): ArgumentsOrProblem {
  const given = new Map<string, string>();
  const byPosition: Word[] = [];
  const text = spec.fields.at(-1)?.type === 'text' ? spec.fields.at(-1)?.name : undefined;
  /** The value of that text, once it is given by its name and without quotes: it goes on to the end. */
  const begun: Word[] = [];
  for (const word of words) {
    const named = splitNamed(spec, word);
    if (named === undefined) (begun.length > 0 ? begun : byPosition).push(word);
    else if (given.has(named.name)) return { problem: `${named.name} is given twice` };
    else {
      given.set(named.name, named.value);
      const value = { ...word, start: word.start + named.name.length + 1 };
      const isQuoted = splitWords(line.slice(value.start, value.end))[0]?.isWhole;
      if (named.name === text && !isQuoted) begun.push(value);
    }
  }
  if (text !== undefined && begun.length > 1) given.set(text, asTyped(begun, words, line));
  const open = spec.fields.filter((field) => !given.has(field.name));
  for (const [index, field] of open.entries()) {
    const takesRest = index === open.length - 1 && field.type === 'text';
    const taken = takesRest ? byPosition.splice(0) : byPosition.splice(0, 1);
    if (taken.length > 0)
      given.set(field.name, takesRest ? asTyped(taken, words, line) : textOf(taken));
  }
  const [tooMuch] = byPosition;
  if (tooMuch !== undefined) return { problem: `"${echo(tooMuch.text)}" is one word too many` };
  return checkArguments(spec, given);
}

const textOf = (words: readonly Word[]): string => words.map(({ text }) => text).join(' ');

/** What stands in the line from the first of the words to the last; what is given by name in between is left out. */
function asTyped(taken: readonly Word[], all: readonly Word[], line: string): string {
  const [only] = taken;
  if (only?.isWhole && taken.length === 1) return only.text;
  const ends = new Set(taken.map(({ end }) => end));
  const runs: { start: number; end: number }[] = [];
  let isBroken = true;
  for (const word of all) {
    const run = runs.at(-1);
    if (!ends.has(word.end)) isBroken = true;
    else if (run === undefined || isBroken) {
      // The first may begin behind the name of the field.
      runs.push({ start: runs.length === 0 ? (only?.start ?? 0) : word.start, end: word.end });
      isBroken = false;
    } else run.end = word.end;
  }
  return runs.map(({ start, end }) => line.slice(start, end)).join(' ');
}

/** Reads the texts given for a handler's fields, and fills in what has a default. */
export function checkArguments(
  spec: Pick<HandlerSpec, 'fields'>,
  given: ReadonlyMap<string, string>,
): ArgumentsOrProblem {
  // Set one by one, an argument called `__proto__` would be lost.
  const args: [string, Json][] = [];
  for (const field of spec.fields) {
    const text = given.get(field.name);
    if (text === undefined) {
      if (field.default !== undefined) args.push([field.name, field.default]);
      else if (field.required) return { problem: `${field.name} is missing` };
      continue;
    }
    const read = readValue(field, text);
    if ('problem' in read) return { problem: `${field.name} is "${echo(text)}", ${read.problem}` };
    args.push([field.name, read.value]);
  }
  return { args: Object.fromEntries(args) };
}

/** `lift [count=30] [step=0.1]`: square brackets where a word may be left out. */
export function usageOf(spec: Pick<HandlerSpec, 'name' | 'fields'>): string {
  const fields = spec.fields.map((field) => {
    const name = field.default === undefined ? field.name : `${field.name}=${field.default}`;
    return field.required && field.default === undefined ? name : `[${name}]`;
  });
  return [spec.name, ...fields].join(' ');
}

function splitNamed(
  spec: Pick<HandlerSpec, 'fields'>,
  word: Word,
): { name: string; value: string } | undefined {
  const equals = word.text.indexOf('=');
  if (word.quoted || equals < 1) return undefined;
  const wanted = word.text.slice(0, equals).toLowerCase();
  const field = spec.fields.find(({ name }) => name.toLowerCase() === wanted);
  return field && { name: field.name, value: word.text.slice(equals + 1) };
}

function readValue(field: HandlerField, text: string): Value {
  switch (field.type) {
    case 'text':
      return { value: text };
    case 'integer':
    case 'number':
      return readNumber(text.trim(), field.type, field.range ?? {});
    case 'boolean':
      return readBoolean(text);
    case 'choice': {
      const wanted = text.trim().toLowerCase();
      const option = field.options.find(({ value }) => value.toLowerCase() === wanted);
      if (option !== undefined) return { value: option.value };
      return { problem: `expected one of ${field.options.map(({ value }) => value).join(', ')}` };
    }
  }
}

const yes = new Set(['true', 'yes', 'on', '1']);
const no = new Set(['false', 'no', 'off', '0']);

function readBoolean(text: string): Value {
  const wanted = text.trim().toLowerCase();
  if (yes.has(wanted)) return { value: true };
  if (no.has(wanted)) return { value: false };
  return { problem: 'expected yes or no' };
}

function readNumber(
  text: string,
  type: 'integer' | 'number',
  range: { readonly min?: number; readonly max?: number },
): Value {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = range;
  const given = type === 'integer' ? text.replace(/^#(?=\d)/, '') : text;
  const value = Number(given);
  // Each character can be matched in one way only, or a long text would take for ever.
  const isNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(given) && Number.isFinite(value);
  if (
    !isNumber ||
    (type === 'integer' && !Number.isSafeInteger(value)) ||
    value < min ||
    value > max
  )
    return {
      problem: `expected ${type === 'integer' ? 'a whole number' : 'a number'}${bounds(range)}`,
    };
  return { value };
}

function bounds({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}
