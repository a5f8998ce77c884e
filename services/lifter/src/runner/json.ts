import type { Json } from '@heavylift/jobs';

/** A result of more bytes, as it travels, is refused; what is larger belongs into a file or a store, with its address as the result. */
export const maxResultBytes = 65_536;

/** The handler returned what cannot travel as a result. */
export class ResultError extends Error {
  override readonly name = 'ResultError';
}

/**
 * A handler's result as JSON. Unlike `JSON.stringify` it drops nothing in silence: what JSON cannot carry is refused, with its place.
 * `undefined` as the whole result is `null`, and is left out as a property, as in JSON.
 * @throws ResultError
 */
export function toJson(result: unknown, maxBytes = maxResultBytes): Json {
  const problem = whatIsNotJson(result, 'the result', new Set());
  if (problem) throw new ResultError(problem);
  const text = JSON.stringify(result) ?? 'null';
  const bytes = bytesInXml(text);
  if (bytes > maxBytes) {
    throw new ResultError(`the result has ${bytes} bytes, at most ${maxBytes} are taken`);
  }
  const json: Json = JSON.parse(text);
  return json;
}

function whatIsNotJson(value: unknown, path: string, above: Set<object>): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON cannot carry`;
    case 'object':
      return value === null ? undefined : whatIsNotJsonInside(value, path, above);
    default:
      return `${path} is a ${typeof value}, which JSON cannot carry`;
  }
}

function whatIsNotJsonInside(value: object, path: string, above: Set<object>): string | undefined {
  if (above.has(value)) return `${path} refers back to itself, which JSON cannot carry`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (!plain && !('toJSON' in value)) {
    return `${path} is a ${value.constructor.name}, which JSON cannot carry`;
  }
  above.add(value);
  const entries = plain ? Object.entries(value) : [];
  for (const [key, inner] of entries) {
    const problem = whatIsNotJson(inner, `${path}.${key}`, above);
    if (problem) return problem;
  }
  above.delete(value);
  return undefined;
}

/** Text with many angle brackets takes several times its length. */
function bytesInXml(text: string): number {
  const escapes = text.match(/[&<>]/g) ?? [];
  return Buffer.byteLength(text) + escapes.length * 4;
}
