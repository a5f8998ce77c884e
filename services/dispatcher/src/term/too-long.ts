import type { JobsError, JsonObject } from '@heavylift/jobs';

/** Why the ledger does not take a job, for whoever asked. */
export function problemOf(error: JobsError, _args: JsonObject): string {
  return error.code === 'entry-too-large' ? 'that is too long' : error.message;
}
