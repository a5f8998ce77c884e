import { LifterError } from '../errors.js';
import { parseArgs } from './args.js';
import type { HandlerContext } from './context.js';
import type { ArgsOf, Fields } from './fields.js';
import { type isolations, nameOf, problemWith } from './problems.js';
import { isForgiving, type Refused, refused } from './refusal.js';

/**
 * Where a handler runs:
 * - `thread`: a worker thread, in a process beside the lifter's.
 * - `process`: a process of its own, new for each attempt: for add-ons that are not made for threads, or that block for long.
 * - `inline`: the lifter's own process. For short work that waits; what blocks there blocks the lifter, and nothing
 *   can end it: it keeps its slot until it ends.
 */
export type Isolation = (typeof isolations)[number];

/** What a lifter can do, as its author writes it. */
export interface HandlerDefinition<F extends Fields> {
  /** The command people type: lower-case letters, digits, `-`, `_`, `.`; starts with a letter. */
  readonly name: string;
  /** A job of it, in the middle of a sentence: `heavy job` in "Scheduled heavy job...". @default the name */
  readonly title?: string;
  /** One line for help. */
  readonly summary: string;
  /** The answer after success, e.g. `Done lifting`. @default made up from the title */
  readonly done?: string;
  readonly fields: F;
  /** For one attempt, in milliseconds. @default 600_000 */
  readonly timeout?: number;
  /** Attempts that may fail, the first included. @default 3 */
  readonly maxAttempts?: number;
  /** Jobs of the kind that may run at once, on all lifters together. @default as many as there are slots */
  readonly concurrency?: number;
  /**
   * Names of fields. While a job with the same values in them is open, asking again gives that job. An empty list: one job of the
   * kind at a time.
   * @default every request is a job of its own
   */
  readonly uniqueKey?: readonly (keyof F & string)[];
  /** @default `thread` */
  readonly isolation?: Isolation;
  /** Memory it may take, in MiB: of a thread its heap, and of a process everything. An attempt that takes more is ended. @default 128 */
  readonly memoryLimit?: number;
  /**
   * Does the work. Unless it is `inline`, it may block.
   * @returns JSON, 64 KiB at most
   * @throws `FinalError` if another attempt would end the same, `ReleaseError` to give the job to another lifter; after anything else it is tried again
   */
  run(args: ArgsOf<F>, context: HandlerContext): unknown;
}

/** What is to be known of a handler before it runs, with every default put in. */
export interface HandlerTraits {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly done?: string;
  readonly fields: Fields;
  readonly timeout: number;
  readonly maxAttempts: number;
  readonly concurrency?: number;
  readonly uniqueKey?: readonly string[];
}

export interface Handler extends HandlerTraits {
  readonly isolation: Isolation;
  readonly memoryLimit: number;
  /** Takes arguments as they come, and checks them. */
  run(args: object, context: HandlerContext): Promise<unknown>;
}

/**
 * Makes a handler, the default export of a module that a lifter loads:
 *
 * ```ts
 * export default defineHandler({
 *   name: 'greet',
 *   summary: 'greets somebody',
 *   fields: { whom: { type: 'text', default: 'world' } },
 *   run: ({ whom }) => `Hello, ${whom}!`,
 * });
 * ```
 * @throws LifterError `bad-definition`
 */
export function defineHandler<const F extends Fields>(definition: HandlerDefinition<F>): Handler {
  const problem = problemWith({ ...definition }, true);
  if (problem !== undefined && isForgiving()) return refuse(definition, problem);
  if (problem !== undefined) throw new LifterError('bad-definition', problem);
  const { fields, isolation = 'thread', memoryLimit = 128 } = definition;
  return {
    ...traitsOf(definition),
    isolation,
    memoryLimit,
    run: async (args, context) => definition.run(parseArgs(fields, args), context),
  };
}

/** Stands in its module for a handler that makes no sense, so that the others of the module can be used. */
function refuse(definition: unknown, problem: string): Handler & Refused {
  return {
    ...{ name: nameOf(definition), title: '', summary: '', fields: {}, timeout: 1, maxAttempts: 1 },
    ...{ isolation: 'thread', memoryLimit: 1 },
    ...refused(problem),
    run: () => Promise.reject(new LifterError('bad-definition', problem)),
  };
}

/** What `defineHandler` is given, the work aside. */
export type TraitsGiven = Pick<HandlerTraits, 'name' | 'summary' | 'fields'> &
  Partial<HandlerTraits>;

/** Puts the defaults in. */
export function traitsOf(given: TraitsGiven): HandlerTraits {
  const { name, title = name, summary, done, fields, concurrency, uniqueKey } = given;
  const { timeout = 600_000, maxAttempts = 3 } = given;
  return {
    name,
    title,
    summary,
    ...(done !== undefined && { done }),
    fields,
    // 1.1 hours are no whole number of them.
    timeout: Math.ceil(timeout),
    maxAttempts,
    ...(concurrency !== undefined && { concurrency }),
    ...(uniqueKey !== undefined && { uniqueKey }),
  };
}
