import { JobClientError } from './errors.js';
import type { JobArguments, SubmitOptions } from './types.js';

type Check = (value: unknown) => string | undefined;

const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'a text that is not empty';
const duration: Check = (value) =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value)
    ? undefined
    : text(value) && 'a number of milliseconds or a text such as "10m"';
const priority: Check = (value) =>
  Number.isInteger(value) && Math.abs(Number(value)) <= 100
    ? undefined
    : 'a whole number from -100 to 100';
// That of another window or library is no instance of ours.
const signal: Check = (value) =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
    ? undefined
    : 'an AbortSignal';

const options: Readonly<Record<keyof SubmitOptions, Check>> = {
  in: duration,
  at: text,
  within: duration,
  priority,
  on: text,
  submission: text,
  signal,
};
const checks = new Map<string, Check>(Object.entries(options));

/** Callers in JavaScript have no types. @throws JobClientError `invalid-option` that names the option */
export function checkOptions(given: SubmitOptions): void {
  for (const [name, value] of Object.entries(given)) {
    const check = checks.get(name);
    if (check === undefined)
      throw invalid(`there is no option "${name}", only ${[...checks.keys()].join(', ')}`);
    const expected = value === undefined ? undefined : check(value);
    if (expected !== undefined)
      throw invalid(`the option "${name}" is ${shown(value)}, expected ${expected}`);
  }
  if (given.in !== undefined && given.at !== undefined)
    throw invalid('a job starts either in a while ("in") or at a time ("at")');
}

/** What is undefined counts as not given. @throws JobClientError `invalid-option` that names the argument */
export function fieldsOf(args: JobArguments): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(args)) {
    if (value === undefined) continue;
    if (name.includes('#')) throw invalid(`an argument cannot be named "${name}": it has a "#"`);
    if (!isSendable(value))
      throw invalid(
        `the argument "${name}" is ${shown(value)}, expected a text, a finite number, true or false`,
      );
    fields[name] = String(value);
  }
  return fields;
}

export function clausesOf(given: SubmitOptions): Record<string, string> {
  const { in: delay, at, on, within, priority: step } = given;
  return fieldsOfClauses({
    when: delay === undefined ? at && `at ${at}` : `in ${inSeconds(delay)}`,
    on,
    within: within === undefined ? undefined : inSeconds(within),
    priority: step === undefined ? undefined : String(step),
  });
}

function fieldsOfClauses(clauses: Readonly<Record<string, string | undefined>>) {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(clauses))
    if (value !== undefined) fields[`heavylift#${name}`] = value;
  return fields;
}

const inSeconds = (time: number | string): string =>
  typeof time === 'number' ? `${Math.ceil(time / 1_000)}s` : time;

function isSendable(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' || typeof value === 'boolean';
}

function shown(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return `a value of type ${typeof value}`;
}

const invalid = (message: string) => new JobClientError('invalid-option', message);
