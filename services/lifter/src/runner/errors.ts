import type { JobError } from '@heavylift/jobs';
import { isFinalError } from '../handlers/errors.js';
import { ResultError } from './json.js';

/** So that a job's whole history fits into the ledger. */
const longest = { name: 100, message: 1_000 };

/** Whatever was thrown, as the protocol tells it. Handlers may throw anything, and errors may have anything for their name and message. */
export function jobError(thrown: unknown): JobError {
  const { name, message }: { name: unknown; message: unknown } =
    thrown instanceof Error ? thrown : { name: 'Error', message: thrown };
  return {
    class: clip(textOf(name) || 'Error', longest.name),
    message: clip(textOf(message), longest.message),
    // The same work would give the same result.
    ...((isFinalError(thrown) || thrown instanceof ResultError) && { final: true }),
  };
}

/** The value as text. Never throws. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return (typeof value === 'object' ? JSON.stringify(value) : undefined) ?? String(value);
  } catch {
    return 'something that has no text';
  }
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
