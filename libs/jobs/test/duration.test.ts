import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../src/index.js';

describe('parseDuration: one grammar of durations everywhere', () => {
  it.each([
    ['250ms', 250],
    ['0s', 0],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['1.1h', 3_960_000],
    ['2D', 172_800_000],
    ['1w', 604_800_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['1m5ms', 60_005],
    [' 10s ', 10_000],
  ])('%j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ...['', '10', '10 s', '1h 30m', '-1m', '+1m', 's', '1e3s', '.5h', '5.h', '1,5h', '10min', '1y'],
    ...[
      'Infinity',
      'NaNs',
      '0x10s',
      '１０s',
      '10s\u200b10',
      `${'9'.repeat(30)}w`,
      '1s'.repeat(100),
    ],
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('takes a plain number only where a unit is implied', () => {
    expect(parseDuration('30', 's')).toBe(30_000);
    expect(parseDuration('1.5', 'm')).toBe(90_000);
    expect(parseDuration('2m', 's')).toBe(120_000);
    expect(parseDuration('30')).toBeUndefined();
    expect(parseDuration('-30', 's')).toBeUndefined();
  });

  it('adds up what stands together, in any unit', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
    const part = fc.tuple(fc.nat({ max: 9_999 }), fc.constantFrom(...Object.entries(units)));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = parts.map(([count, [unit]]) => `${count}${unit}`).join('');
        const sum = parts.reduce((before, [count, [, ms]]) => before + count * ms, 0);
        expect(parseDuration(text)).toBe(sum);
      }),
    );
  });

  it('gives whole milliseconds, whatever the fraction', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), fc.nat({ max: 999 }), (whole, part) => {
        const ms = parseDuration(`${whole}.${String(part).padStart(3, '0')}h`);
        expect(ms).toBe(Math.round(((whole * 1_000 + part) * 3_600_000) / 1_000));
      }),
    );
  });

  it('is done with a text of any length at once', () => {
    expect(parseDuration('1'.repeat(1_000_000))).toBeUndefined();
    expect(parseDuration('1', 's')).toBe(1_000);
  });
});
