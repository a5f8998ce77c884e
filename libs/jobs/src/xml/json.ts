import xml, { type Element } from '@xmpp/xml';
import type { ZodType } from 'zod';
import { isNestedTooDeep, type Json, mostLevels } from '../domain/json.js';
import { malformed } from './read.js';

/** XEP-0335 */
export const JSON_NAMESPACE = 'urn:xmpp:json:0';

// JSON.stringify escapes control characters and lone surrogates by itself; these two it leaves, and XML 1.0 forbids them.
const FORBIDDEN = /[\uFFFE\uFFFF]/g;

/** JSON in which only characters stand that XML 1.0 allows, so that any JSON value survives the way through a stream. */
export function jsonText(value: Json): string {
  return JSON.stringify(value).replace(
    FORBIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16)}`,
  );
}

/** A JSON container (XEP-0335 section 3). */
export function jsonElement(value: Json): Element {
  return xml('json', { xmlns: JSON_NAMESPACE }, jsonText(value));
}

/** The value of the element's JSON container; undefined if it has none. */
export function optionalJson(parent: Element): Json | undefined {
  const container = parent.getChild('json', JSON_NAMESPACE);
  if (container === undefined) return undefined;
  const text = container.getText();
  if (isNestedTooDeep(text)) {
    throw malformed(parent, `its <json> is nested more than ${mostLevels} levels deep`);
  }
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch (cause) {
    throw malformed(parent, 'its <json> is not JSON', cause);
  }
}

export function json(parent: Element): Json {
  const value = optionalJson(parent);
  if (value === undefined) throw malformed(parent, 'it has no <json>');
  return value;
}

/** The value of the element's JSON container, if it has the shape. */
export function shapedJson<T>(parent: Element, shape: ZodType<T>): T {
  const parsed = shape.safeParse(json(parent));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'value'}: ${message}`,
  );
  throw malformed(parent, `its <json> says ${problems.join('; ')}`, parsed.error);
}
