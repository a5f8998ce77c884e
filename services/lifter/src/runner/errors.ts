import type { JobError } from '@heavylift/jobs';
import { isFinalError } from '../handlers/errors.js';

/** So that a job's whole history fits into the ledger. */
const maxMessageLength = 1_000;

/** Whatever was thrown, as the protocol tells it. */
export function jobError(thrown: unknown): JobError {
  const { name, message } =
    thrown instanceof Error ? thrown : { name: 'Error', message: String(thrown) };
  return {
    class: name,
    message: message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message,
    ...(isFinalError(thrown) && { final: true }),
  };
}
