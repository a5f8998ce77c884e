import { parseArgs } from './args.js';
import type { HandlerContext } from './context.js';
import type { ArgsOf, Fields } from './fields.js';

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
  /**
   * Does the work, in a thread of its own: it may block.
   * @returns JSON, 64 KiB at most
   * @throws `FinalError` if another attempt would end the same, `ReleaseError` to give the job to another lifter; after anything else it is tried again
   */
  run(args: ArgsOf<F>, context: HandlerContext): unknown;
}

/** A handler with every default put in. */
export interface Handler {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly done?: string;
  readonly fields: Fields;
  readonly timeout: number;
  readonly maxAttempts: number;
  /** Takes arguments as they come, and checks them. */
  run(args: object, context: HandlerContext): Promise<unknown>;
}

const namePattern = /^[a-z][a-z0-9._-]*$/;

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
 * @throws TypeError when the definition makes no sense
 */
export function defineHandler<const F extends Fields>(definition: HandlerDefinition<F>): Handler {
  const { name, title = name, summary, done, fields } = definition;
  const { timeout = 600_000, maxAttempts = 3 } = definition;
  if (!namePattern.test(name)) {
    throw new TypeError(
      `a handler cannot be called '${name}': lower-case letters, digits, '-', '_' and '.' are taken, a letter first`,
    );
  }
  if (!(timeout > 0)) throw new TypeError(`${name}: timeout is ${timeout}, wanted: milliseconds`);
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new TypeError(`${name}: maxAttempts is ${maxAttempts}, wanted: a whole number from 1`);
  }
  return {
    name,
    title,
    summary,
    ...(done !== undefined && { done }),
    fields,
    timeout,
    maxAttempts,
    run: async (args, context) => definition.run(parseArgs(fields, args), context),
  };
}
