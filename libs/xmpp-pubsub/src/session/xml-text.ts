import type { Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';

/** With half surrogate pairs, all that is not a Char of XML 1.0 (section 2.2). */
const NOT_XML = /[^\t\n\r\u0020-\ufffd]/;
const HALF_PAIR = /\p{Surrogate}/u;
const IN_TEXT = /[&<>\r]/;
const IN_ATTRIBUTE = /[&<>"\t\n\r]/;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser turns these three into other white space when they stand as themselves (XML 1.0 sections 2.11, 3.3.3).
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

const escaped = (character: string) => ESCAPES[character] ?? character;
export const escapeText = (text: string) =>
  IN_TEXT.test(text) ? text.replace(/[&<>\r]/g, escaped) : text;
export const escapeAttribute = (value: string) =>
  IN_ATTRIBUTE.test(value) ? value.replace(/[&<>"\t\n\r]/g, escaped) : value;

/**
 * The element as XML text that every parser reads back as the same characters. Unchecked: see {@link checkStanza}.
 * `attributes`: written as they are into the outermost tag.
 */
export function serialise(element: Element, attributes = ''): string {
  let xml = `<${element.name}${attributes}`;
  for (const name in element.attrs) {
    const value: unknown = element.attrs[name];
    if (value !== undefined && value !== null)
      xml += ` ${name}="${escapeAttribute(String(value))}"`;
  }
  if (element.children.length === 0) return `${xml}/>`;
  xml += '>';
  for (const child of element.children) {
    // The element builder lets numbers, null and undefined through, whatever its types say.
    if (typeof child === 'string') xml += escapeText(child);
    else if (typeof child === 'object' && child !== null) xml += serialise(child);
    else if (child !== undefined && child !== null) xml += escapeText(String(child));
  }
  return `${xml}</${element.name}>`;
}

const encoder = new TextEncoder();

/**
 * A server closes the whole stream over one bad character or too many bytes, so neither may leave.
 * @throws XmppError `invalid-character`, `too-large`
 */
export function checkStanza(xml: string, maxBytes: number): void {
  // One pass for the class, one for the surrogates: five times as fast as one expression that knows both.
  if (NOT_XML.test(xml) || !xml.isWellFormed()) {
    const [bad = ''] = NOT_XML.exec(xml) ?? HALF_PAIR.exec(xml) ?? [];
    const code = bad.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    throw new XmppError(
      'invalid-character',
      `XML 1.0 has no character U+${code}: remove or encode it; nothing was sent`,
    );
  }
  // One UTF-16 unit takes at most three bytes, so most stanzas need no counting.
  if (xml.length * 3 <= maxBytes) return;
  const bytes = encoder.encode(xml).length;
  if (bytes > maxBytes) {
    throw new XmppError(
      'too-large',
      `The stanza has ${bytes} bytes, the limit is ${maxBytes} (maxStanzaBytes): send less at a time; nothing was sent`,
    );
  }
}
