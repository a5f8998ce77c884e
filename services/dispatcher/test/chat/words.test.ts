import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from '../../src/chat/words.js';

const texts = (line: string): string[] => {
  const split = splitWords(line);
  if ('problem' in split) throw new Error(split.problem);
  return split.words.map((word) => word.text);
};

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
    expect(splitWords('say "in" in')).toEqual({
      words: [
        { text: 'say', quoted: false },
        { text: 'in', quoted: true },
        { text: 'in', quoted: false },
      ],
    });
  });

  it('names a quote that is not closed', () => {
    expect(splitWords('say "hello')).toEqual({
      problem: 'a quote is opened and not closed with "',
    });
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
