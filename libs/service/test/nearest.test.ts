import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest } from '../src/config/nearest.js';

describe('nearest', () => {
  const commands = ['lift', 'list', 'status', 'help'];

  it.each([
    ['lifft', 'lift', 'a letter too many'],
    ['lit', 'lift', 'a letter missing'],
    ['liff', 'lift', 'a wrong letter'],
    ['lfit', 'lift', 'two neighbours swapped'],
    ['ilft', 'lift', 'the first two swapped'],
    ['lsit', 'list', 'two in the middle swapped'],
    ['satuts', 'status', 'two swaps in a long word'],
  ])('takes %s for %s: %s', (name, meant) => {
    expect(nearest(name, commands)).toBe(meant);
  });

  it.each(['dance', 'tfil', 'hlift status', ''])('has nothing to say to %j', (name) => {
    expect(nearest(name, commands)).toBeUndefined();
  });

  it('has nothing to say without candidates', () => {
    expect(nearest('lift', [])).toBeUndefined();
  });

  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '🏋'), minLength: 4 });

  it('finds a word in which any two neighbours were swapped', () => {
    fc.assert(
      fc.property(word, fc.nat(), (original, place) => {
        const letters = [...original];
        const at = place % (letters.length - 1);
        const swapped = letters.toSpliced(at, 2, letters[at + 1] ?? '', letters[at] ?? '');
        expect(nearest(swapped.join(''), [original])).toBe(original);
      }),
    );
  });

  it('prefers the word itself', () => {
    fc.assert(
      fc.property(word, fc.array(word), (original, others) => {
        expect(nearest(original, [...others, original])).toBe(original);
      }),
    );
  });
});
