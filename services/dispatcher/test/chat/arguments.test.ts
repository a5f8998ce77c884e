import type { HandlerSpec } from '@heavylift/jobs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArguments, usageOf } from '../../src/chat/arguments.js';
import { splitWords } from '../../src/chat/words.js';

const spec: HandlerSpec = {
  name: 'pack',
  title: 'packing',
  summary: 'Packs things.',
  fields: [
    { name: 'count', type: 'integer', required: true, range: { min: 1, max: 9 } },
    { name: 'weight', type: 'number', required: false },
    { name: 'fragile', type: 'boolean', required: false, default: false },
    { name: 'size', type: 'choice', required: false, options: [{ value: 'S' }, { value: 'L' }] },
    { name: 'label', type: 'text', required: false },
  ],
  timeoutMs: 1000,
  maxAttempts: 1,
  texts: {},
};

const read = (line: string) => {
  const split = splitWords(line);
  return 'words' in split ? readArguments(spec, split.words) : split;
};

describe('readArguments', () => {
  it('reads by position, and fills in defaults', () => {
    expect(read('3 1.5')).toEqual({ args: { count: 3, weight: 1.5, fragile: false } });
  });
  it('is done with a text of any length at once, and does not say all of it back', () => {
    for (const text of [`${'1'.repeat(200_000)}x`, `${'1'.repeat(200_000)}e`]) {
      const began = performance.now();
      expect(JSON.stringify(read(text)).length).toBeLessThan(1_000);
      // It took a minute once.
      expect(performance.now() - began).toBeLessThan(5_000);
    }
  });
  it('reads by name, in any order, mixed with positions', () => {
    expect(read('SIZE=l 3 fragile=yes')).toEqual({ args: { count: 3, fragile: true, size: 'L' } });
  });
  it('gives what is left to a text at the end', () => {
    expect(read('3 1 no S keep it dry')).toEqual({
      args: { count: 3, weight: 1, fragile: false, size: 'S', label: 'keep it dry' },
    });
  });
  it('takes a quoted word as it is, even if it looks like a name and a value', () => {
    expect(read('3 label="a=b c"')).toMatchObject({ args: { label: 'a=b c' } });
    expect(read('3 1 no S "size=L"')).toMatchObject({ args: { size: 'S', label: 'size=L' } });
  });

  it.each([
    ['', 'count is missing'],
    ['many', 'count is "many", expected a whole number from 1 to 9'],
    ['10', 'count is "10", expected a whole number from 1 to 9'],
    ['1.5', 'count is "1.5", expected a whole number from 1 to 9'],
    ['0x3', 'count is "0x3", expected a whole number from 1 to 9'],
    ['3 heavy', 'weight is "heavy", expected a number'],
    ['3 fragile=maybe', 'fragile is "maybe", expected yes or no'],
    ['3 size=XXL', 'size is "XXL", expected one of S, L'],
    ['3 count=4', undefined],
    ['count=3 count=4', 'count is given twice'],
  ])('%j: %s', (line, problem) => {
    if (problem !== undefined) expect(read(line)).toEqual({ problem });
  });

  it('says what is one word too many, if no text can take it', () => {
    const none: HandlerSpec = { ...spec, fields: [] };
    expect(readArguments(none, [{ text: 'now', quoted: false }])).toEqual({
      problem: '"now" is one word too many',
    });
  });

  it('reads back every number it allows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (count, weight) => {
          expect(read(`${count} weight=${weight}`)).toMatchObject({
            args: { count, weight: weight + 0 },
          });
        },
      ),
    );
  });
});

it('usageOf shows names, defaults and what may be left out', () => {
  expect(usageOf(spec)).toBe('pack count [weight] [fragile=false] [size] [label]');
});
