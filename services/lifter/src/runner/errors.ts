import { types } from 'node:util';
import type { ErrorCause, JobError } from '@heavylift/jobs';
import { isFinalError } from '../handlers/errors.js';
import { ResultError } from './json.js';
import { clip, textOf } from './text.js';

/** So that a job's whole history fits into the ledger. */
const longest = { name: 100, code: 100, message: 1_000, causeMessage: 300, stack: 4_000 };
/** Errors behind an error that are told, at most. */
const mostCauses = 8;

/**
 * Whatever was thrown, as the protocol tells it: the message tells its causes, too, on one line. Handlers may throw anything, and errors may
 * have anything for their name and message. Never throws.
 */
export function jobError(thrown: unknown): JobError {
  const { class: name, message, code } = described(thrown, longest.message);
  const causes = causesOf(thrown);
  const stack = isError(thrown) ? read(thrown, 'stack') : undefined;
  return {
    class: name,
    message: clip(
      withCauses(message === '' ? `${name} without a message` : message, causes),
      longest.message,
    ),
    // The same work would give the same result.
    ...((isFinalError(thrown) || quietly(() => thrown instanceof ResultError)) && { final: true }),
    ...(code !== undefined && { code }),
    ...(causes.length > 0 && { causes: causes.map(({ cause }) => cause) }),
    ...(typeof stack === 'string' && { stack: clip(stack, longest.stack) }),
  };
}

/** Without what would fill the ledger: for attempts that are not the last. */
export function briefly({ causes: _, stack: __, ...error }: JobError): JobError {
  return error;
}

interface Found {
  readonly cause: ErrorCause;
  /** It is one of several that an error holds (`AggregateError`), not what caused it. */
  readonly isPart: boolean;
}

/** What is behind it: the parts of an `AggregateError` and causes, each with its own. */
function causesOf(thrown: unknown): Found[] {
  const found: Found[] = [];
  const seen = new Set<unknown>([thrown]);
  const visit = (error: unknown) => {
    if (!isError(error)) return;
    const parts = read(error, 'errors');
    const cause = read(error, 'cause');
    const behind = [
      ...(Array.isArray(parts)
        ? parts.slice(0, mostCauses).map((part) => [part, true] as const)
        : []),
      ...(cause === undefined ? [] : [[cause, false] as const]),
    ];
    for (const [inner, isPart] of behind) {
      if (found.length >= mostCauses || seen.has(inner)) continue;
      seen.add(inner);
      found.push({ cause: described(inner, longest.causeMessage), isPart });
      visit(inner);
    }
  };
  visit(thrown);
  return found;
}

function withCauses(message: string, causes: readonly Found[]): string {
  const behind = causes.map(({ cause, isPart }) => {
    const code =
      cause.code === undefined || cause.message.includes(cause.code) ? '' : ` (${cause.code})`;
    const words = cause.message === '' ? '' : `: ${cause.message}`;
    return `${isPart ? '; ' : '; caused by '}${cause.class}${words}${code}`;
  });
  return behind.length === 0 ? message : `${message}${behind.join('')}`.replace(/\s+/g, ' ');
}

function described(thrown: unknown, longestMessage: number): ErrorCause {
  const [name, message, code] = isError(thrown)
    ? [read(thrown, 'name'), read(thrown, 'message'), read(thrown, 'code')]
    : ['Error', thrown, undefined];
  return {
    class: textOf(name, longest.name) || 'Error',
    message: textOf(message, longestMessage),
    ...((typeof code === 'string' || typeof code === 'number') && {
      code: textOf(code, longest.code),
    }),
  };
}

/** Of another realm, too. */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || quietly(() => value instanceof Error);
}

/** The property, though reading it may throw. */
function read(error: Error, property: string): unknown {
  try {
    return Reflect.get(error, property);
  } catch {
    return undefined;
  }
}

function quietly(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}
