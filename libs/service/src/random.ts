import { randomFillSync } from 'node:crypto';

const page = new Uint8Array(4_096);
let used = page.length;

/** Random bytes from a cryptographic source, up to 4,096. Asks the system for a page at a time: for every id by itself that costs more than the id. */
export function randomBytes(count: number): Buffer {
  if (used + count > page.length) {
    randomFillSync(page);
    used = 0;
  }
  used += count;
  // A copy: the page is overwritten.
  return Buffer.from(page.subarray(used - count, used));
}
