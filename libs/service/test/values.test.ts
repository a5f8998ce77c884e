import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  bareJid,
  domain,
  duration,
  flag,
  integer,
  list,
  localPart,
  matching,
  oneOf,
  port,
  text,
} from '../src/index.js';

const accepts = (type: z.ZodType<unknown, string>, value: string) => type.safeParse(value).success;

describe('integer', () => {
  it('takes the whole numbers within its bounds, and these only', () => {
    const type = integer({ min: -5, max: 500 });
    fc.assert(
      fc.property(fc.integer({ min: -1_000, max: 1_000 }), (n) => {
        expect(accepts(type, String(n))).toBe(n >= -5 && n <= 500);
      }),
    );
  });

  it.each(['', ' 1', '1.5', '1e3', '0x10', 'one', 'Infinity', '9'.repeat(400)])(
    'refuses %j',
    (value) =>
      expect(accepts(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), value)).toBe(false),
  );

  it('is what a port is', () => {
    expect(port().parse('5222')).toBe(5222);
    expect(accepts(port(), '65536')).toBe(false);
  });
});

describe('duration', () => {
  const type = duration({ min: '100ms', max: '1d' });

  it.each([
    ['250ms', 250],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.1h', 3_960_000],
  ])('reads %s as milliseconds', (value, milliseconds) => {
    expect(type.parse(value)).toBe(milliseconds);
  });

  it('takes a plain number where the option names a unit, and any duration as well', () => {
    const seconds = duration({ min: '0s', max: '1d', unit: 's' });
    expect(seconds.parse('30')).toBe(30_000);
    expect(seconds.parse('0')).toBe(0);
    expect(seconds.parse('1m30s')).toBe(90_000);
    expect(accepts(seconds, '86401')).toBe(false);
    expect(seconds.description).toContain('a number of seconds');
  });

  it('keeps its bounds in any unit', () => {
    const bounded = duration({ min: '1s', max: '1m' });
    fc.assert(
      fc.property(fc.nat({ max: 120_000 }), (ms) => {
        expect(accepts(bounded, `${ms}ms`)).toBe(ms >= 1_000 && ms <= 60_000);
        expect(accepts(bounded, `${ms / 1_000}s`)).toBe(ms >= 1_000 && ms <= 60_000);
      }),
    );
  });

  it.each(['', '10', '10 s', '-1s', '1w', '99ms', '25h', 's', '1e3s'])('refuses %j', (value) =>
    expect(accepts(type, value)).toBe(false),
  );
});

describe('words', () => {
  it('are taken as they stand', () => {
    expect(oneOf(['any', 'all']).parse('all')).toBe('all');
    expect(accepts(oneOf(['any', 'all']), 'All')).toBe(false);
    expect(flag().parse('false')).toBe(false);
    expect(accepts(flag(), '1')).toBe(false);
    expect(accepts(text(), '')).toBe(false);
  });

  it.each([
    ['bot@example.org', true],
    ['bot@[::1]', true],
    ['bot', false],
    ['bot@', false],
    ['bot@example.org/home', false],
    ['bo t@example.org', false],
    ['a@b@c', false],
  ])('%j is a bare JID: %s', (value, is) => expect(accepts(bareJid(), value)).toBe(is));

  it('may be a list, each of its type', () => {
    const lifters = list(matching(/^lifter-\d+$/, 'a lifter'));
    expect(lifters.parse('lifter-1, lifter-2')).toEqual(['lifter-1', 'lifter-2']);
    expect(accepts(lifters, 'lifter-1,,lifter-2')).toBe(false);
    expect(accepts(lifters, 'lifter-1,bench')).toBe(false);
  });
});

it('every type says what it expects', () => {
  const types = [text(), flag(), port(), list(text()), duration({ min: '0s', max: '1s' })];
  for (const type of types) expect(type.description).toMatch(/\w/);
});

it('a configured account in mixed case is the one that the server stamps', () => {
  expect(bareJid().parse('Bot@LocalHost')).toBe('bot@localhost');
  expect(list(bareJid()).parse('Lifter-1@localhost, LIFTER-2@Localhost')).toEqual([
    'lifter-1@localhost',
    'lifter-2@localhost',
  ]);
  expect(localPart().parse('Bot')).toBe('bot');
  expect(domain().parse('Example.ORG')).toBe('example.org');
});
