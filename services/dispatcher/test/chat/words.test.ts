import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from '../../src/chat/words.js';

const texts = (line: string): string[] => splitWords(line).map((word) => word.text);

describe('splitWords', () => {
  it.each([
    ['lift', ['lift']],
    ['  lift \t 5\n', ['lift', '5']],
    ['lift\u00a05\u3000now', ['lift', '5', 'now']],
    ['', []],
    ['say "two words" x', ['say', 'two words', 'x']],
    ["say 'a \\' b'", ['say', "a ' b"]],
    ['say “curly quotes”', ['say', 'curly quotes']],
    ['say text="a b"', ['say', 'text=a b']],
    ["don't stop", ["don't", 'stop']],
    ['say ""', ['say', '']],
  ])('%j', (line, words) => {
    expect(texts(line)).toEqual(words);
  });

  it('knows which words were quoted', () => {
    expect(splitWords('say "in" in')).toMatchObject([
      { text: 'say', quoted: false, isWhole: false, start: 0, end: 3 },
      { text: 'in', quoted: true, isWhole: true, start: 4, end: 8 },
      { text: 'in', quoted: false, isWhole: false, start: 9, end: 11 },
    ]);
  });

  it('takes a quote that is not closed, and those behind it, for ordinary characters', () => {
    expect(texts("say 'tis so")).toEqual(['say', "'tis", 'so']);
    expect(texts('say "a b" "c \'d e\'')).toEqual(['say', 'a b', '"c', "'d", "e'"]);
  });

  it('is done with many quotes that are not closed at once', () => {
    expect(splitWords('«a '.repeat(100_000))).toHaveLength(100_000);
  });

  it('gives back any words that were quoted by its own rules', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (words) => {
        const line = words
          .map((word) => `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
          .join(' ');
        expect(texts(line)).toEqual(words);
      }),
    );
  });

  it('never throws, whatever is typed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (line) => void splitWords(line)));
  });
});
