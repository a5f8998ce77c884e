/** What a file of commands holds. */
import { durationExamples, parseDuration } from '@heavylift/jobs';
import { z } from 'zod';
import type { ArgvItem, CommandField, ProgressRule } from './command.js';

const fieldBase = {
  label: z.string().optional(),
  description: z.string().optional(),
  required: z.boolean().optional(),
};
const bounds = { min: z.number().optional(), max: z.number().optional() };
const dash = { allowLeadingDash: z.boolean().optional() };

const isPattern = (text: string): boolean => {
  try {
    return Boolean(new RegExp(text, 'u'));
  } catch {
    return false;
  }
};
const pattern = z.string().refine(isPattern, { error: 'expected a regular expression' });

const field = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('text'),
      ...fieldBase,
      ...dash,
      default: z.string().optional(),
      pattern: pattern.optional(),
      maxLength: z.int().positive().optional(),
    }),
    z.strictObject({
      type: z.enum(['integer', 'number']),
      ...fieldBase,
      ...dash,
      ...bounds,
      default: z.number().optional(),
    }),
    z.strictObject({
      type: z.literal('boolean'),
      ...fieldBase,
      default: z.boolean().optional(),
    }),
    z.strictObject({
      type: z.literal('choice'),
      ...fieldBase,
      options: z.array(z.string()).min(1),
      default: z.string().optional(),
    }),
  ])
  .transform((given): CommandField => withoutUndefined(given));

const items = z.array(z.string()).min(1);
const argvItem: z.ZodType<ArgvItem> = z.union(
  [z.string(), items, z.strictObject({ when: z.string(), items })],
  { error: 'expected a text (quote numbers), a list of texts, or { when: FIELD, items: […] }' },
);

const durationExpected = `expected a duration above 0 with its unit, such as ${durationExamples}`;
const span = z.string(durationExpected).transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({
    code: 'custom',
    message: `${durationExpected}, not "${text.slice(0, 60)}"`,
  });
  return z.NEVER;
});

const progress = z
  .union([z.enum(['none', 'lines']), z.strictObject({ pattern })], {
    error: 'expected none, lines, or { pattern: REGULAR EXPRESSION }',
  })
  .transform(
    (given): ProgressRule =>
      typeof given === 'string' ? { type: given } : { type: 'pattern', ...given },
  );

const command = z.strictObject({
  summary: z.string().min(1),
  title: z.string().optional(),
  done: z.string().optional(),
  /** The program, and what it is called with. */
  run: z.tuple([z.string().min(1)], argvItem),
  fields: z.record(z.string(), field).default({}),
  /** From the file's own directory. */
  directory: z.string().default('.'),
  environment: z
    .strictObject({
      pass: z.array(z.string()).default([]),
      set: z.record(z.string(), z.string()).default({}),
    })
    .default({ pass: [], set: {} }),
  timeout: span.optional(),
  maxAttempts: z.int().positive().optional(),
  concurrency: z.int().positive().optional(),
  uniqueKey: z.array(z.string()).optional(),
  outputLimit: z.int().positive().default(10_000_000),
  tail: z.int().nonnegative().max(32_768).default(4_096),
  finalCodes: z.array(z.int().min(1).max(255)).default([]),
  progress: progress.default({ type: 'none' }),
});

export type CommandSpec = z.output<typeof command>;

export const commandsFile = z.strictObject({ commands: z.record(z.string(), command) });

type WithoutUndefined<T> = T extends unknown ? { [K in keyof T]: Exclude<T[K], undefined> } : never;

function withoutUndefined<T extends object>(given: T): WithoutUndefined<T>;
function withoutUndefined(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
