import { isNestedTooDeep } from '@heavylift/jobs/plain';
import type { LogDetails } from '../handlers/context.js';
import { jobError } from './errors.js';
import { inspected, textOf } from './text.js';

/** Characters of details, as JSON, that are told as they are. */
const longest = 16_384;

/** What a handler logs, in a form that can be told to another process: never throws, for logging must not fail a job. */
export function plainDetails(details: unknown): LogDetails {
  try {
    if (details instanceof Error) return { err: errorDetails(details) };
    const text = JSON.stringify(details, plain);
    if (text.length > longest || isNestedTooDeep(text)) return { inspected: inspected(details) };
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : { value };
  } catch {
    // It refers back to itself, has no JSON, or throws when it is read.
    return { inspected: inspected(details) };
  }
}

/** What is logged: `log.error(error)` tells the error. */
export function plainLine(
  message: unknown,
  details: unknown,
): { readonly message: string; readonly details?: LogDetails } {
  const isError = isAnError(message);
  const more = details === undefined ? {} : plainDetails(details);
  const all = isError ? { err: errorDetails(message), ...more } : more;
  const text = isError ? oneLine(message) : textOf(message);
  return { message: text, ...(Object.keys(all).length > 0 && { details: all }) };
}

function isAnError(value: unknown): boolean {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

function oneLine(error: unknown): string {
  const { class: name, message } = jobError(error);
  return `${name}: ${message}`;
}

function errorDetails(error: unknown): LogDetails {
  const { class: type, ...told } = jobError(error);
  return { type, ...told };
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  return isAnError(value) ? errorDetails(value) : value;
}
