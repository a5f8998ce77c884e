/**
 * What the values of options may look like. Each reads text, for that is what an environment holds, and says in words what it
 * expects.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../errors.js';

/** Any text that is not empty. */
export function text(expected = 'some text'): z.ZodType<string, string> {
  return z.string().min(1).describe(expected);
}

/** Text that matches a pattern. */
export function matching(pattern: RegExp, expected: string): z.ZodType<string, string> {
  return z.string().regex(pattern).describe(expected);
}

/** An account, without a resource. */
export function bareJid(): z.ZodType<string, string> {
  return matching(/^[^\s"&'/:<>@]+@[^\s/@]+$/, 'a bare JID such as bot@example.org');
}

/** One of a closed set of words. */
export function oneOf<const W extends readonly [string, ...string[]]>(
  words: W,
): z.ZodType<W[number], string> {
  const known: ReadonlySet<string> = new Set(words);
  const isKnown = (value: string): value is W[number] => known.has(value);
  return z
    .string()
    .transform((value, context): W[number] => {
      if (isKnown(value)) return value;
      context.addIssue({ code: 'custom' });
      return z.NEVER;
    })
    .describe(`one of ${words.join(', ')}`);
}

/** A time zone of the IANA's. */
export function timeZone(): z.ZodType<string, string> {
  const isKnown = (name: string) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
    } catch {
      return false;
    }
  };
  return z.string().refine(isKnown).describe('a time zone such as Europe/Vienna or UTC');
}

/** `true` or `false`. */
export function flag(): z.ZodType<boolean, string> {
  return oneOf(['true', 'false'])
    .transform((word) => word === 'true')
    .describe('true or false');
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number within bounds, both included. */
export function integer({ min, max }: Range): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .describe(`a whole number from ${min} to ${max}`);
}

/** A TCP port; 0 for any that is free. */
export function port(): z.ZodType<number, string> {
  return integer({ min: 0, max: 65_535 });
}

const millisecondsPer = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time span such as `250ms`, `10s`, `1.5h`, in milliseconds; bounds, in the same notation, are included. */
export function duration(bounds: { readonly min: string; readonly max: string }) {
  const [min, max] = [parseDuration(bounds.min), parseDuration(bounds.max)];
  if (min === undefined || max === undefined) {
    throw new RangeError(`bounds ${bounds.min} and ${bounds.max} are no time spans`);
  }
  return z
    .string()
    .transform((value, context): number => {
      const span = parseDuration(value);
      if (span !== undefined && span >= min && span <= max) return span;
      context.addIssue({ code: 'custom' });
      return z.NEVER;
    })
    .describe(`a time span such as 250ms, 10s or 5m, from ${bounds.min} to ${bounds.max}`);
}

function parseDuration(value: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? [];
  if (amount === undefined || !isUnit(unit)) return undefined;
  return Number(amount) * millisecondsPer[unit];
}

function isUnit(unit: string | undefined): unit is keyof typeof millisecondsPer {
  return unit !== undefined && Object.hasOwn(millisecondsPer, unit);
}

/** Words separated by commas; none may be empty. */
export function list<T>(of: z.ZodType<T, string>): z.ZodType<T[], string> {
  return z
    .string()
    .transform((value) => value.split(',').map((word) => word.trim()))
    .pipe(z.array(of).min(1))
    .describe(`a list, separated by commas, of: ${of.description ?? 'some text'}`);
}

/** `NAME=VALUE,NAME=VALUE`, values percent-encoded. */
export function headers(): z.ZodType<Readonly<Record<string, string>>, string> {
  return z
    .string()
    .regex(/^[^=,\s]+=[^,]*(,[^=,\s]+=[^,]*)*$/)
    .transform((value, context) => {
      const pairs = value.split(',').map((pair) => pair.split(/=(.*)/s, 2));
      try {
        return Object.fromEntries(
          pairs.map(([name = '', encoded = '']) => [name, decodeURIComponent(encoded)]),
        );
      } catch {
        context.addIssue({ code: 'custom' });
        return z.NEVER;
      }
    })
    .describe('NAME=VALUE,NAME=VALUE, the values percent-encoded');
}

/** The path of a file that can be read; the value is what it holds. */
export function contentOfFile(expected: string): z.ZodType<string, string> {
  return z
    .string()
    .transform((path, context): string => {
      try {
        return readFileSync(path, 'utf8');
      } catch (error) {
        context.addIssue({ code: 'custom', message: messageOf(error) });
        return z.NEVER;
      }
    })
    .describe(expected);
}
