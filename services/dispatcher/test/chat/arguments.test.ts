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

const read = (line: string) => readArguments(spec, splitWords(line), line);

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
    expect(readArguments(none, splitWords('now'), 'now')).toEqual({
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

describe('the text at the end of a command', () => {
  const say: HandlerSpec = {
    ...spec,
    fields: [
      { name: 'loud', type: 'boolean', required: false, default: false },
      { name: 'text', type: 'text', required: true },
    ],
  };
  const said = (line: string) => {
    const read = readArguments(say, splitWords(line), line);
    return 'args' in read ? read.args['text'] : read.problem;
  };

  it.each([
    ['no C:\\new\\table', 'C:\\new\\table'],
    ["no 'tis so", "'tis so"],
    ['no he said "no"  twice', 'he said "no"  twice'],
    ['no first\n  second\n\tthird', 'first\n  second\n\tthird'],
    ['no "in quotes, to end in 5s"', 'in quotes, to end in 5s'],
    ['no "say \\"hi\\""', 'say "hi"'],
    ['text=hello world', 'hello world'],
    ['text=hello "wide  world"', 'hello "wide  world"'],
    ['text="a b"', 'a b'],
    ['text="a b" yes', 'a b'],
    ['yes text=a b', 'a b'],
    ['loud=yes text=a=b c=d', 'a=b c=d'],
    ['a b loud=yes', 'a b'],
  ])('%j', (line, text) => {
    expect(said(line)).toBe(text);
  });

  it('is taken character by character, whatever it is', () => {
    const isPlain = (text: string) =>
      text === text.trim() &&
      splitWords(text).length > 0 &&
      splitWords(text)[0]?.start === 0 &&
      splitWords(text).at(-1)?.end === text.length &&
      !splitWords(text).some(({ isWhole, text: word }) => isWhole || /^(loud|text)=/i.test(word));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }).filter(isPlain), (text) => {
        expect(said(`no ${text}`)).toBe(text);
      }),
    );
  });
});
