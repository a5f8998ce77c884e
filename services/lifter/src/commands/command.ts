import type { Field } from '../handlers/fields.js';

/** A program with arguments, as a lifter runs it. Structured-clonable: it is given to the process that does. */
export interface Command {
  /** Absolute path. */
  readonly program: string;
  readonly argv: readonly ArgvItem[];
  readonly fields: Readonly<Record<string, CommandField>>;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Bytes of output, after which the program is ended. */
  readonly outputLimit: number;
  /** Bytes of the end of the output that stand in the result. */
  readonly tail: number;
  /** Exit codes for which another attempt would end the same. */
  readonly finalCodes: readonly number[];
  readonly progress: ProgressRule;
}

/**
 * - A text: `{field}` in it stands for the argument. One item, always; left out if an argument in it is not given.
 * - A list: those items, left out together if an argument in one of them is not given.
 * - `when`: the items are there if that argument, a boolean, is true.
 */
export type ArgvItem =
  | string
  | readonly string[]
  | { readonly when: string; readonly items: readonly string[] };

/** May the argument begin with `-` where it begins an item, and be taken for an option? */
export type CommandField = Field & { readonly allowLeadingDash?: boolean };

/**
 * - `lines`: every line of output is a note.
 * - `pattern`: a regular expression; what matches it is progress, by its groups `done`, `total` and `note`.
 */
export type ProgressRule =
  | { readonly type: 'none' }
  | { readonly type: 'lines' }
  | { readonly type: 'pattern'; readonly pattern: string };
