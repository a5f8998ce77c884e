import type { z } from 'zod';

/** One thing that can be configured. Its name is its key in the {@link Schema}. */
export interface Option<T> {
  /** What it is for, in one sentence. */
  readonly description: string;
  /** Parses the text given; its `description` says in words what is expected. */
  readonly type: z.ZodType<T, string>;
  /** Never shown, and may be given as the path of a file under `NAME_FILE`. */
  readonly secret: boolean;
  /** Must be given. */
  readonly required: boolean;
  /** Taken if nothing is given, as a user would write it. */
  readonly default: string | undefined;
  /** The default in words, where it depends on the machine. */
  readonly defaultInWords: string | undefined;
  /** What holds if nothing is given, in words. */
  readonly otherwise: string | undefined;
}

/** Options by name, in SCREAMING_SNAKE_CASE. */
export type Schema = Readonly<Record<string, Option<unknown>>>;

/** The values of a schema's options. */
export type Config<S extends Schema> = {
  readonly [Name in keyof S]: S[Name] extends Option<infer T> ? T : never;
};

interface OptionSpec<T> {
  readonly description: string;
  readonly type: z.ZodType<T, string>;
  readonly secret?: boolean;
}

/** An option that must be given. */
export function required<T>(spec: OptionSpec<T>): Option<T> {
  return { ...blank, ...spec, required: true };
}

/**
 * An option with a default, written as a user would write it: it is parsed like any other value. One that depends on the machine is told
 * in words besides, for the documentation.
 */
export function withDefault<T>(
  spec: OptionSpec<T> & { readonly default: string; readonly defaultInWords?: string },
): Option<T> {
  return { ...blank, ...spec };
}

/** An option that may be left out; `otherwise` tells the reader what holds then. */
export function optional<T>(
  spec: OptionSpec<T> & { readonly otherwise: string },
): Option<T | undefined> {
  return { ...blank, ...spec };
}

const blank = {
  secret: false,
  required: false,
  default: undefined,
  defaultInWords: undefined,
  otherwise: undefined,
};

/** An option as its documentation shows it. */
export interface OptionDescription {
  readonly name: string;
  readonly description: string;
  /** What may be given, in words. */
  readonly expected: string;
  /** `required`, the default, or what holds without a value. */
  readonly ifNotGiven: string;
  readonly secret: boolean;
}

/** All options of a schema, in its order: for a table in the documentation, and for `--help`. */
export function describeOptions(schema: Schema): OptionDescription[] {
  return Object.entries(schema).map(([name, option]) => ({
    name,
    description: option.description,
    expected: expectedOf(option),
    ifNotGiven: ifNotGiven(option),
    secret: option.secret,
  }));
}

function ifNotGiven(option: Option<unknown>): string {
  if (option.required) return 'required';
  return option.defaultInWords ?? option.default ?? option.otherwise ?? '';
}

export function expectedOf(option: Option<unknown>): string {
  return option.type.description ?? 'some text';
}
