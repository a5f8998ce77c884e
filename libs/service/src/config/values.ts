/**
 * What the values of options may look like. Each reads text, for that is what an environment holds, and says in words what it
 * expects.
 */
import { readFileSync } from 'node:fs';
import { type DurationUnit, parseDuration } from '@heavylift/jobs';
import { type BareJid, normalDomain, normalLocal, toBareJid } from '@heavylift/xmpp-pubsub';
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

/** An account, without a resource: in whatever case it is written, the value is as servers stamp it. */
export function bareJid(): z.ZodType<BareJid, string> {
  const expected = 'a bare JID such as bot@example.org';
  return matching(/^[^\s"&'/:<>@]+@[^\s/@]+$/, expected)
    .transform((value) => toBareJid(value))
    .describe(expected);
}

/** The part of a JID before the @, as servers stamp it. */
export function localPart(): z.ZodType<string, string> {
  const expected = 'the part of a JID before the @';
  return matching(/^[^\s"&'/:<>@]+$/, expected)
    .transform(normalLocal)
    .describe(expected);
}

/** A domain, as servers stamp it. */
export function domain(): z.ZodType<string, string> {
  const expected = 'a domain such as example.org';
  return matching(/^[^\s/@]+$/, expected)
    .transform(normalDomain)
    .describe(expected);
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

export interface DurationBounds {
  readonly min: string;
  readonly max: string;
  /** Of a number that stands alone. @default every number needs its unit */
  readonly unit?: DurationUnit;
}

/** A duration such as `250ms`, `10s`, `1h30m`, in milliseconds; bounds, in the same notation, are included. */
export function duration(bounds: DurationBounds): z.ZodType<number, string> {
  const { unit } = bounds;
  const [min, max] = [parseDuration(bounds.min), parseDuration(bounds.max)];
  if (min === undefined || max === undefined) {
    throw new RangeError(`bounds ${bounds.min} and ${bounds.max} are no durations`);
  }
  const plain = unit === undefined ? '' : ` or a number of ${unitNames[unit]}`;
  return z
    .string()
    .transform((value, context): number => {
      const ms = parseDuration(value, unit);
      if (ms !== undefined && ms >= min && ms <= max) return ms;
      context.addIssue({ code: 'custom' });
      return z.NEVER;
    })
    .describe(
      `a duration such as 250ms, 90s, 1h30m or 1.5h${plain}, from ${bounds.min} to ${bounds.max}`,
    );
}

const unitNames: Readonly<Record<DurationUnit, string>> = {
  ms: 'milliseconds',
  s: 'seconds',
  m: 'minutes',
  h: 'hours',
  d: 'days',
  w: 'weeks',
};

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
