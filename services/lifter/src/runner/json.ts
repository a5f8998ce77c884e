import { isNestedTooDeep, type Json, mostLevels } from '@heavylift/jobs/plain';
import { textOf } from './text.js';

/** A result of more bytes, as it travels, is refused; what is larger belongs into a file or a store, with its address as the result. */
export const maxResultBytes = 65_536;

/** Beyond so many times the limit it is not even written out, which would take the handler's memory. */
const hopeless = 16;

/** The handler returned what cannot travel as a result. */
export class ResultError extends Error {
  override readonly name = 'ResultError';
}

/**
 * A handler's result as JSON. Unlike `JSON.stringify` it drops nothing in silence: what JSON cannot carry is refused, with its place.
 * `undefined` as the whole result is `null`, and is left out as a property, as in JSON.
 * @throws ResultError, and nothing else
 */
export function toJson(result: unknown, maxBytes = maxResultBytes): Json {
  try {
    return jsonOf(result, maxBytes);
  } catch (error) {
    if (error instanceof ResultError) throw error;
    throw new ResultError(`the result cannot be written as JSON: ${textOf(error)}`);
  }
}

function jsonOf(result: unknown, maxBytes: number): Json {
  const budget = { left: maxBytes * hopeless };
  const problem = whatIsNotJson(result, 'the result', [], budget);
  if (problem) throw new ResultError(problem);
  const text = JSON.stringify(result) ?? 'null';
  const bytes = bytesInXml(text);
  if (bytes > maxBytes) {
    throw new ResultError(`the result has ${bytes} bytes, at most ${maxBytes} are taken`);
  }
  // Of what says itself how it is written nothing is known before.
  if (isNestedTooDeep(text)) throw new ResultError(`the result is ${tooDeep}`);
  const json: Json = JSON.parse(text);
  return json;
}

const tooDeep = `nested more than ${mostLevels} levels deep; at most so many are taken`;

interface Budget {
  left: number;
}

function whatIsNotJson(
  value: unknown,
  path: string,
  above: readonly object[],
  budget: Budget,
): string | undefined {
  budget.left -= typeof value === 'string' ? value.length : 1;
  if (budget.left < 0) return 'the result is far too large to be told';
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON cannot carry`;
    case 'object':
      return value === null ? undefined : whatIsNotJsonInside(value, path, above, budget);
    default:
      return `${path} is a ${typeof value}, which JSON cannot carry`;
  }
}

function whatIsNotJsonInside(
  value: object,
  path: string,
  above: readonly object[],
  budget: Budget,
): string | undefined {
  if (above.includes(value)) return `${path} refers back to itself, which JSON cannot carry`;
  if (above.length >= mostLevels) return `the result is ${tooDeep}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (!isPlain && !('toJSON' in value)) {
    return `${path} is a ${className(value)}, which JSON cannot carry`;
  }
  if (!isPlain) return undefined;
  const within = [...above, value];
  for (const key of Object.keys(value)) {
    budget.left -= key.length;
    const problem = whatIsNotJson(Reflect.get(value, key), `${path}.${key}`, within, budget);
    if (problem) return problem;
  }
  return undefined;
}

function className(value: object): string {
  const made: unknown = value.constructor;
  return typeof made === 'function' && made.name !== '' ? made.name : 'object of an unnamed class';
}

/** Text with many angle brackets takes several times its length. */
function bytesInXml(text: string): number {
  const escapes = text.match(/[&<>]/g) ?? [];
  return Buffer.byteLength(text) + escapes.length * 4;
}
