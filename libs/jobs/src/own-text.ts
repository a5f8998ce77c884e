const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A copy that stands for itself. What a parser gives may be a slice of all that was read with it, tens of kilobytes, which stay in memory as
 * long as the slice does: so what is remembered for long is copied first.
 */
export function ownText(text: string): string {
  return decoder.decode(encoder.encode(text));
}
