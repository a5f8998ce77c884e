import { type Element, Parser } from '@xmpp/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wholeTags } from '../../src/session/whole-tags.js';

function elementsOf(chunks: readonly string[], through: (chunk: string) => string): string[] {
  const found: string[] = [];
  const parser = new Parser();
  parser.on('element', (element: Element) => found.push(element.toString()));
  for (const chunk of chunks) parser.write(through(chunk));
  return found;
}

const piece = fc.constantFrom(
  '<a>',
  '</a>',
  "<b x='1 > 0'>",
  '</b>',
  '<c/>',
  'text',
  ' > ',
  '&lt;',
  '世界',
  '<![CDATA[ <x> ]]>',
  '<!-- > < -->',
);

describe('whole tags', () => {
  it('make the same elements, wherever the text was cut', () => {
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(200)), (pieces, cuts) => {
        const text = `<root>${pieces.join('')}</root>`;
        const at = [0, ...cuts.map((cut) => cut % text.length), text.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
        let expected: string[] | undefined;
        try {
          expected = elementsOf([text], (chunk) => chunk);
        } catch {
          // Not well-formed: refused either way, as far as the parser notices.
          return;
        }
        expect(elementsOf(chunks, wholeTags())).toEqual(expected);
      }),
    );
  });

  it('hold nothing back that ends with a tag', () => {
    const take = wholeTags();
    expect(take('<a>one')).toBe('<a>');
    expect(take(' two')).toBe('');
    expect(take(' three</')).toBe('');
    expect(take('a>')).toBe('one two three</a>');
  });

  it('keep the work in proportion to the text', () => {
    const time = (length: number) => {
      const chunks = ['<root><a>', '世界'.repeat(length / 2), '</a>'];
      const began = performance.now();
      expect(elementsOf(chunks, wholeTags())).toHaveLength(1);
      return performance.now() - began;
    };
    time(1_000);
    // Quadratic, it is over a minute.
    expect(time(200_000)).toBeLessThan(5_000);
  });
});
