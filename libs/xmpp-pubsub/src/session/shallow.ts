import type { Parser } from '@xmpp/xml';
import { XmppError } from '../errors.js';

/** Elements inside each other, from the stream's own on. What protocols say stands at twenty levels at most. */
export const MAX_DEPTH = 64;

type Listener = (...args: readonly unknown[]) => void;

/** What of the parser's own source of events is used here. */
interface Sax {
  listeners(event: string): Listener[];
  removeAllListeners(event: string): unknown;
  on(event: string, listener: Listener): unknown;
}

/**
 * Has a parser leave out what stands deeper. Whoever sends thousands of levels to somebody else's code that goes down step by step
 * would end it by a stack overflow; and to end the stream instead would let anybody end anybody's.
 */
export function shallow<P extends Parser>(parser: P): P {
  const sax: unknown = Reflect.get(parser, 'parser');
  if (!isSax(sax)) throw new XmppError('stream-error', 'The XML parser is not the one expected');
  let depth = 0;
  guard(sax, 'startElement', () => {
    depth += 1;
    return depth <= MAX_DEPTH;
  });
  guard(sax, 'endElement', () => {
    depth -= 1;
    return depth < MAX_DEPTH;
  });
  guard(sax, 'text', () => depth <= MAX_DEPTH);
  return parser;
}

function guard(sax: Sax, event: string, isWanted: () => boolean): void {
  const listeners = sax.listeners(event);
  sax.removeAllListeners(event);
  sax.on(event, (...args) => {
    if (isWanted()) for (const listener of listeners) listener(...args);
  });
}

function isSax(value: unknown): value is Sax {
  if (typeof value !== 'object' || value === null) return false;
  return ['listeners', 'removeAllListeners', 'on'].every(
    (name) => typeof Reflect.get(value, name) === 'function',
  );
}
