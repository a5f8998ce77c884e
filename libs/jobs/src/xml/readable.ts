// Lone surrogates are among them: they are no code points of any text.
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** The text with a replacement character (U+FFFD) for each that XML 1.0 does not allow, so that it can be told at all. */
export function readable(text: string): string {
  return text.replace(FORBIDDEN, '\uFFFD');
}
