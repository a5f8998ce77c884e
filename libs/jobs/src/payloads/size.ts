import type { JobEntry } from '../domain/job.js';
import { jsonText } from '../xml/json.js';
import { jobBody } from './sheet.js';

/** What the attributes of a `<job>` take, except for those of no fixed length. */
const ATTRIBUTES_BYTES = 640;

/** `<gone id revision/>` takes at most this. */
export const GONE_BYTES = 96;

/**
 * Bytes that an entry takes in a sheet, at most: some hundred more than it really does, but found without building its elements,
 * which would take most of a writer's time.
 */
export function jobBytesAtMost(job: JobEntry): number {
  const { state, cancelRequested } = job;
  return (
    ATTRIBUTES_BYTES +
    escapedBytes(jsonText(jobBody(job))) +
    escapedBytes(job.kind) +
    (state.type === 'assigned' ? escapedBytes(state.lifter) : 0) +
    (cancelRequested === undefined ? 0 : escapedBytes(cancelRequested.by))
  );
}

/** Bytes in UTF-8 once what XML reserves is escaped. */
function escapedBytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      // A surrogate pair is two units and four bytes: two bytes for each half.
      bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
    } else if (unit === 0x26 || unit === 0x27 || unit === 0x3c || unit === 0x3e) bytes += 5;
  }
  return bytes;
}
