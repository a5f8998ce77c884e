import { FinalError } from './errors.js';
import type { ArgsOf, Field, Fields, TextField } from './fields.js';

/**
 * Arguments as a handler takes them: defaults put in, each value of its field's type and in its range.
 * @throws FinalError naming every argument that is wrong
 */
export function parseArgs<F extends Fields>(fields: F, given: object): ArgsOf<F> {
  const args = { ...missingOf(fields), ...defaultsOf(fields), ...given };
  if (areArgs(fields, args)) return args;
  throw new FinalError(problemsWith(fields, args).join('; '));
}

type Values = Readonly<Record<string, unknown>>;

function defaultsOf(fields: Fields): Values {
  const defaults = Object.entries(fields).map(([name, field]) => [name, field.default]);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined));
}

/** An argument that is not given is none, also if every object has something of its name, such as `constructor`. */
function missingOf(fields: Fields): Values {
  const names = Object.keys(fields).filter((name) => name in Object.prototype);
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function areArgs<F extends Fields>(fields: F, args: Values): args is ArgsOf<F> {
  return problemsWith(fields, args).length === 0;
}

function problemsWith(fields: Fields, args: Values): string[] {
  const unknown = Object.keys(args)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => `there is no argument '${name}'`);
  const wrong = Object.entries(fields).flatMap(([name, field]) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    if (value === undefined) return field.required === false ? [] : [`${name} is missing`];
    return problemWithValue(name, field, value) ?? [];
  });
  return [...unknown, ...wrong];
}

/** A default that would not do as an argument. */
export function problemWithDefault(name: string, field: Field | undefined): string | undefined {
  if (field?.default === undefined) return undefined;
  return problemWithValue(name, field, field.default);
}

function problemWithValue(name: string, field: Field, value: unknown): string | undefined {
  if (accepts(field, value)) return undefined;
  return `${name} is ${shown(value)}, wanted: ${wanted(field)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function accepts(field: Field, value: unknown): boolean {
  switch (field.type) {
    case 'integer':
      return Number.isInteger(value) && isWithin(field, value);
    case 'number':
      return Number.isFinite(value) && isWithin(field, value);
    case 'text':
      return typeof value === 'string' && isTextOf(field, value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return field.options.some((option) => option === value);
  }
}

const defaultMaxLength = 10_000;

function isTextOf({ pattern, maxLength = defaultMaxLength }: TextField, value: string): boolean {
  if (value.length > maxLength) return false;
  return pattern === undefined || new RegExp(`^(?:${pattern})$`, 'u').test(value);
}

function isWithin(field: { readonly min?: number; readonly max?: number }, value: unknown) {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
  const number = Number(value);
  return number >= min && number <= max;
}

function wanted(field: Field): string {
  switch (field.type) {
    case 'integer':
    case 'number': {
      const what = field.type === 'integer' ? 'a whole number' : 'a number';
      const least = field.min === undefined ? '' : ` from ${field.min}`;
      const most = field.max === undefined ? '' : ` to ${field.max}`;
      return what + least + most;
    }
    case 'text':
      return [
        'a text',
        ...(field.pattern === undefined ? [] : [`that matches ${field.pattern}`]),
        ...(field.maxLength === undefined ? [] : [`of at most ${field.maxLength} characters`]),
      ].join(' ');
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${field.options.join(', ')}`;
  }
}
