/** What makes no sense about a definition, whatever it is: authors may write JavaScript. */
import { isJsonObject, readable, reservedNames } from '@heavylift/jobs/plain';
import { problemWithDefault } from './args.js';
import type { Field } from './fields.js';

/** Where a handler runs; see `Isolation`. */
export const isolations = ['thread', 'process', 'inline'] as const;

const namePattern = /^[a-z][a-z0-9._-]{0,63}$/;
const fieldNamePattern = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const fieldTypes = ['integer', 'number', 'text', 'boolean', 'choice'] as const;
/** Characters of a title, a summary or a label, at most. */
const longestWords = 1_000;
const mostOptions = 1_000;

type Given = Readonly<Record<string, unknown>>;

/**
 * The first thing that makes no sense, in words.
 *
 * @param hasRun whether there has to be a `run`: commands have none, nor have handlers as another process tells of them
 */
export function problemWith(definition: object, hasRun = false): string | undefined {
  const given: Given = { ...definition };
  const { name } = given;
  if (typeof name !== 'string' || !namePattern.test(name)) {
    return `a handler cannot be called ${shown(name)}: up to 64 lower-case letters, digits, '-', '_' and '.' are taken, a letter first`;
  }
  const problem =
    problemWithTraits(given) ??
    problemWithFields(given['fields']) ??
    problemWithKey(given) ??
    (hasRun && typeof given['run'] !== 'function' ? 'run is no function' : undefined);
  return problem === undefined ? undefined : `${name}: ${problem}`;
}

/** What to call it in a message, whatever it is. */
export function nameOf(definition: unknown): string {
  return isJsonObject(definition) ? shown(definition['name']) : 'without a name';
}

function problemWithTraits(given: Given): string | undefined {
  const reserved = reservedNames.find((name) => name === given['name']);
  if (reserved !== undefined) {
    return `'${reserved}' is a command of the bot's own: give the handler another name`;
  }
  return (
    problemWithText('summary', given['summary'], true) ??
    problemWithText('title', given['title']) ??
    problemWithText('done', given['done']) ??
    problemWithNumbers(given) ??
    problemWithIsolation(given['isolation'] ?? 'thread')
  );
}

function problemWithText(what: string, value: unknown, isRequired = false): string | undefined {
  if (value === undefined && !isRequired) return undefined;
  if (value === undefined || value === '') return `${what} is missing, wanted: a text`;
  if (typeof value !== 'string') return `${what} is ${shown(value)}, wanted: a text`;
  if (value.length > longestWords) {
    return `${what} has ${value.length} characters, wanted: at most ${longestWords}`;
  }
  return readable(value) === value
    ? undefined
    : `${what} is ${shown(value)}, which has a character that XML cannot carry`;
}

function problemWithNumbers(given: Given): string | undefined {
  const { timeout = 1, maxAttempts = 1, concurrency = 1, memoryLimit = 128 } = given;
  if (typeof timeout !== 'number' || !(timeout > 0 && Number.isSafeInteger(Math.ceil(timeout)))) {
    return `timeout is ${shown(timeout)}, wanted: milliseconds`;
  }
  for (const [what, value] of Object.entries({ maxAttempts, concurrency, memoryLimit })) {
    if (!isWholeFrom1(value)) return `${what} is ${shown(value)}, wanted: a whole number from 1`;
  }
  return undefined;
}

function problemWithIsolation(isolation: unknown): string | undefined {
  if (isolations.some((known) => known === isolation)) return undefined;
  return `isolation is ${shown(isolation)}, wanted: one of ${isolations.join(', ')}`;
}

function problemWithFields(fields: unknown): string | undefined {
  if (!isJsonObject(fields)) return `fields is ${shown(fields)}, wanted: an object`;
  for (const [name, field] of Object.entries<unknown>(fields)) {
    if (!fieldNamePattern.test(name)) {
      return `a field cannot be called '${name}': letters, digits, '-' and '_' are taken, no digit first`;
    }
    const problem = isJsonObject(field)
      ? problemWithField(name, { ...field })
      : `is ${shown(field)}, wanted: { type: … }`;
    if (problem !== undefined)
      return problem.startsWith('the default') ? problem : `field ${name} ${problem}`;
  }
  return undefined;
}

function problemWithField(name: string, field: Given): string | undefined {
  const type = fieldTypes.find((known) => known === field['type']);
  if (type === undefined) {
    return `has the type ${shown(field['type'])}, wanted: one of ${fieldTypes.join(', ')}`;
  }
  const problem =
    problemWithText('label', field['label']) ??
    problemWithText('description', field['description']) ??
    problemWithRange(field) ??
    problemWithTextRules(field) ??
    (type === 'choice' ? problemWithOptions(field['options']) : undefined);
  if (problem !== undefined) return `cannot be used: ${problem}`;
  if (field['required'] !== undefined && typeof field['required'] !== 'boolean') {
    return `cannot be used: required is ${shown(field['required'])}, wanted: true or false`;
  }
  const wrongDefault = problemWithDefault(name, asField({ ...field, type }));
  return wrongDefault === undefined ? undefined : `the default of ${wrongDefault}`;
}

function problemWithRange({ min, max }: Given): string | undefined {
  for (const [what, value] of Object.entries({ min, max })) {
    if (value !== undefined && !(typeof value === 'number' && Number.isFinite(value))) {
      return `${what} is ${shown(value)}, wanted: a number`;
    }
  }
  return typeof min === 'number' && typeof max === 'number' && min > max
    ? `min is ${min}, which is above max, ${max}`
    : undefined;
}

function problemWithTextRules({ pattern, maxLength }: Given): string | undefined {
  if (maxLength !== undefined && !isWholeFrom1(maxLength)) {
    return `maxLength is ${shown(maxLength)}, wanted: a whole number from 1`;
  }
  if (pattern === undefined) return undefined;
  try {
    if (typeof pattern === 'string' && new RegExp(`^(?:${pattern})$`, 'u')) return undefined;
  } catch {
    // Said below.
  }
  return `pattern is ${shown(pattern)}, wanted: a regular expression, as a text`;
}

function problemWithOptions(options: unknown): string | undefined {
  if (!Array.isArray(options) || options.length === 0 || options.length > mostOptions) {
    return `options is ${shown(options)}, wanted: 1 to ${mostOptions} texts`;
  }
  const given: readonly unknown[] = options;
  for (const option of given) {
    const problem = problemWithText('an option', option, true);
    if (problem !== undefined) return problem;
  }
  return new Set(given).size === given.length ? undefined : 'an option is there twice';
}

function problemWithKey({ uniqueKey, fields }: Given): string | undefined {
  if (uniqueKey === undefined) return undefined;
  if (!Array.isArray(uniqueKey)) {
    return `uniqueKey is ${shown(uniqueKey)}, wanted: a list of fields' names`;
  }
  const named: readonly unknown[] = uniqueKey;
  const unknown = named.find(
    (name) => typeof name !== 'string' || !isJsonObject(fields) || !Object.hasOwn(fields, name),
  );
  return unknown === undefined && !named.includes(undefined)
    ? undefined
    : `uniqueKey names ${shown(unknown)}, which is no field`;
}

/** Of a field whose parts have been looked at one by one. */
function asField(field: Given): Field | undefined {
  return isField(field) ? field : undefined;
}

function isField(field: unknown): field is Field {
  return isJsonObject(field) && fieldTypes.some((type) => type === field['type']);
}

function isWholeFrom1(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 100)}'`;
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 100);
  } catch {
    return 'something that has no text';
  }
}
