import fc from 'fast-check';

const isXmlChar = (code: number) =>
  code === 0x9 ||
  code === 0xa ||
  code === 0xd ||
  (code >= 0x20 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  (code >= 0x10000 && code <= 0x10ffff);

/** Strings of what XML 1.0 calls Char (section 2.2), the awkward ones often among them. */
export const xmlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\t',
        '\n',
        '\r',
        '\r\n',
        ' ',
        '&',
        '<',
        '>',
        '"',
        "'",
        ']]>',
        '&amp;',
        '&#13;',
      ),
      fc.constantFrom('\u0085', '\u2028', '\u00a0', '\ufeff', '\ufffd', '\u{1f3cb}', '\u{10ffff}'),
      fc
        .integer({ min: 0, max: 0x10ffff })
        .filter(isXmlChar)
        .map((code) => String.fromCodePoint(code)),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''))
  .map((text) => [...text].filter((each) => isXmlChar(each.codePointAt(0) ?? 0)).join(''));

/** Characters that XML 1.0 does not allow, lone surrogates among them. */
export const notXml = fc.oneof(
  fc
    .integer({ min: 0, max: 0x1f })
    .filter((code) => !isXmlChar(code))
    .map((code) => String.fromCharCode(code)),
  fc.constantFrom('\ufffe', '\uffff'),
  fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
);
