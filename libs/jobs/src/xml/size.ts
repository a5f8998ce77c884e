import type { Element } from '@xmpp/xml';

/** Bytes of the element as XML in UTF-8. */
export function encodedBytes(element: Element): number {
  let bytes = 0;
  element.write((part) => {
    bytes += utf8Bytes(part);
  });
  return bytes;
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes: two bytes for each half.
    if (unit > 0x7f) bytes += unit > 0x7ff && !(unit >= 0xd800 && unit <= 0xdfff) ? 2 : 1;
  }
  return bytes;
}
