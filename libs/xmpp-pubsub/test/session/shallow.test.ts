import { type Element, Parser } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, shallow } from '../../src/session/shallow.js';
import { serialise } from '../../src/session/xml-text.js';

function read(xml: string): Element[] {
  const parser = shallow(new Parser());
  const found: Element[] = [];
  parser.on('element', (element: Element) => found.push(element));
  parser.write(`<stream>${xml}`);
  return found;
}

const nested = (levels: number, inside = '') =>
  `<message>${'<a>'.repeat(levels)}${inside}${'</a>'.repeat(levels)}</message>`;

describe('a stanza that is nested too deep', () => {
  it.each([100, 2_000, 100_000])('of %i levels is cut there, and the stream goes on', (levels) => {
    const [deep, next] = read(`${nested(levels, 'x<b/>y')}<presence id='1'/>`);
    expect(deep?.name).toBe('message');
    expect(serialise(deep ?? fail())).toBe(
      `<message>${'<a>'.repeat(MAX_DEPTH - 3)}<a/>${'</a>'.repeat(MAX_DEPTH - 3)}</message>`,
    );
    expect(next?.attrs['id']).toBe('1');
  });

  it('loses nothing that stands less deep', () => {
    const [one] = read(nested(20, 'x<b>z</b>y'));
    expect(serialise(one ?? fail())).toBe(nested(20, 'x<b>z</b>y'));
    const [both] = read(`<message>${'<a>'.repeat(99)}${'</a>'.repeat(99)}<b>kept</b></message>`);
    expect(both?.getChildText('b')).toBe('kept');
  });
});

function fail(): never {
  throw new Error('nothing was read');
}
