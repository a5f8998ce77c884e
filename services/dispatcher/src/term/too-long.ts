import { type JobsError, type JsonObject, NEW_ENTRY_BYTES } from '@heavylift/jobs';

/** Why the ledger does not take a job, for whoever asked. */
export function problemOf(error: JobsError, args: JsonObject): string {
  return error.code === 'entry-too-large' ? tooLong(args) : error.message;
}

/** Names the longest argument, since that is the one to shorten. */
function tooLong(args: JsonObject): string {
  const limit = `what you ask for may take ${grouped(NEW_ENTRY_BYTES)} bytes in all`;
  const [longest] = Object.entries(args)
    .map(([name, value]) => ({ name, value, bytes: utf8Bytes(JSON.stringify(value)) }))
    .sort((a, b) => b.bytes - a.bytes);
  if (longest === undefined) return `it is too long: ${limit}`;
  const { name, value, bytes } = longest;
  const characters = typeof value === 'string' ? `${grouped([...value].length)} characters, ` : '';
  return `"${name}" is too long (${characters}${grouped(bytes)} bytes): ${limit}`;
}

const utf8Bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

const grouped = (count: number): string => count.toLocaleString('en-US');
