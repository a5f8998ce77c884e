/** Of one name; so many are enough for two never to be the same. */
const bytesOfName = 12;
/** Asking for random bytes costs more than the name that is made of them, so they are asked for by the page. */
const page = new Uint8Array(256 * bytesOfName);
let used = page.length;

/** 24 characters that nobody can guess. */
export function randomName(): string {
  if (used === page.length) {
    globalThis.crypto.getRandomValues(page);
    used = 0;
  }
  const bytes = page.subarray(used, used + bytesOfName);
  used += bytesOfName;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
