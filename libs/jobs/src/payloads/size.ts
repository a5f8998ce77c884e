import type { JobEntry } from '../domain/job.js';
import { jsonText } from '../xml/json.js';
import { jobBody } from './sheet.js';

/** Of a number and of an instant, at most. */
const NUMBER = 16;
const INSTANT = 27;

/** What every entry has, without the texts of no fixed length. */
const FIXED_BYTES =
  `<job id="00000000-0000-7000-8000-000000000000" number="" revision="" kind="" state="assigned" submitted="" timeout-ms="" priority="-" attempt="" max-attempts="" stalls=""><json xmlns="urn:xmpp:json:0"></json></job>`
    .length +
  7 * NUMBER +
  INSTANT;
const ASSIGNED_BYTES = ` lifter="" since=""`.length + INSTANT;
const NOT_BEFORE_BYTES = ` not-before=""`.length + INSTANT;
const DEADLINE_BYTES = ` deadline=""`.length + INSTANT;
const AS_OF_BYTES = ` as-of=""`.length + INSTANT;
const CANCEL_BYTES = `<cancel at="" by=""/>`.length + INSTANT;

/** `<gone id revision/>` takes at most this. */
export const GONE_BYTES = 96;

/** Entries never change, and each is measured more than once. */
const measured = new WeakMap<JobEntry, number>();

/**
 * Bytes that an entry takes in a sheet, at most: up to 250 more than it really does, but found without building its elements,
 * which would take most of a writer's time.
 */
export function jobBytesAtMost(job: JobEntry): number {
  const known = measured.get(job);
  if (known !== undefined) return known;
  const bytes = measure(job);
  measured.set(job, bytes);
  return bytes;
}

function measure(job: JobEntry): number {
  const { state, cancelRequested, notBefore, deadline, asOf } = job;
  return (
    FIXED_BYTES +
    escapedBytes(jsonText(jobBody(job))) +
    attributeBytes(job.kind) +
    (state.type === 'assigned' ? ASSIGNED_BYTES + attributeBytes(state.lifter) : 0) +
    (notBefore === undefined ? 0 : NOT_BEFORE_BYTES) +
    (deadline === undefined ? 0 : DEADLINE_BYTES) +
    (asOf === undefined ? 0 : AS_OF_BYTES) +
    (cancelRequested === undefined ? 0 : CANCEL_BYTES + attributeBytes(cancelRequested.by))
  );
}

/** There quotes are escaped, too. */
function attributeBytes(text: string): number {
  return escapedBytes(text) + 5 * (text.split('"').length - 1);
}

/** Bytes in UTF-8 once what XML reserves is escaped. */
export function escapedBytes(text: string): number {
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
