import xml, { type Element, Parser } from '@xmpp/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkStanza, serialise } from '../../src/session/xml-text.js';

/** What a conforming parser makes of line ends and of white space in attributes before it looks at references. */
const asXmlParserReads = (text: string) =>
  text.replace(/\r\n?/g, '\n').replace(/<[^>]*>/g, (tag) => tag.replace(/[\t\n]/g, ' '));

function parse(text: string): Element {
  const found: Element[] = [];
  const parser = new Parser();
  parser.on('element', (element: Element) => found.push(element));
  parser.write(`<root>${asXmlParserReads(text)}`);
  const [first] = found;
  if (first === undefined) throw new Error(`no element in ${text}`);
  return first;
}

const allowed = (code: number) =>
  code === 0x9 ||
  code === 0xa ||
  code === 0xd ||
  (code >= 0x20 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  code >= 0x10000;
const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter(allowed)
  .map((code) => String.fromCodePoint(code));
const special = fc.constantFrom('&', '<', '>', '"', "'", '\t', '\n', '\r', '\r\n', ']]>', '&amp;');
const text = fc.string({ unit: fc.oneof(anyCharacter, special) });

describe('XML text', () => {
  it('brings back any string that XML allows, in text and in attributes', () => {
    fc.assert(
      fc.property(text, text, (content, attribute) => {
        const written = serialise(xml('a', { attribute }, xml('b', {}, content)));
        checkStanza(written, Number.MAX_SAFE_INTEGER);
        const read = parse(written);
        expect(read.attrs['attribute']).toBe(attribute);
        expect(read.getChildText('b')).toBe(content);
      }),
    );
  });

  it('leaves out what is not there, and writes numbers', () => {
    const element = xml('a', { none: undefined, nothing: null, n: 1 }, xml('b'));
    element.append(
      xml('c', {}, ...[1, null, undefined].map((value) => value as unknown as string)),
    );
    expect(serialise(element, ' x="y"')).toBe('<a x="y" n="1"><b/><c>1</c></a>');
  });

  it('lets through exactly the characters of XML 1.0', () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      const check = () => checkStanza(`<a>${String.fromCharCode(code)}</a>`, 1_000);
      if (allowed(code)) check();
      else
        expect(check, code.toString(16)).toThrow(
          expect.objectContaining({ code: 'invalid-character' }),
        );
    }
    checkStanza('<a>\u{1f3cb}\u{10000}\u{10ffff}</a>', 1_000);
    expect(() => checkStanza('\udc00\ud800', 1_000)).toThrow('U+DC00');
  });

  it('counts bytes, not characters', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 100 }), (content, limit) => {
        const check = () => checkStanza(content, limit);
        if (Buffer.byteLength(content) <= limit) check();
        else expect(check).toThrow(expect.objectContaining({ code: 'too-large' }));
      }),
    );
  });
});
