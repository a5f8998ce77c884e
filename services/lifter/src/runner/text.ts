import { inspect } from 'node:util';

/** What has no text: reading it throws. */
export const noText = 'something that has no text';

/** The value as text, of no more than so many characters. Never throws. */
export function textOf(value: unknown, longest = 10_000): string {
  try {
    return clip(plainText(value), longest);
  } catch {
    return noText;
  }
}

/** For people who look into it; short, whatever it is. Never throws. */
export function inspected(value: unknown): string {
  try {
    const options = { depth: 2, maxStringLength: 1_000, maxArrayLength: 20 };
    return clip(inspect(value, options), 8_192);
  } catch {
    return noText;
  }
}

export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  return (typeof value === 'object' ? JSON.stringify(value) : undefined) ?? String(value);
}
