import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { z } from 'zod';
import type { CancelRequest, JobEntry, JobId, JobState } from '../domain/job.js';
import type { Json } from '../domain/json.js';
import type { EpochStart, GoneJob, SequenceRange, Sheet } from '../domain/sheet.js';
import { jsonElement, shapedJson } from '../xml/json.js';
import {
  children,
  expectElement,
  handlerName,
  instant,
  integer,
  jobId,
  malformed,
  oneOf,
  optionalInstant,
  optionalText,
  optionalTimestamp,
  present,
  text,
  timestamp,
} from '../xml/read.js';
import {
  failuresJson,
  failuresShape,
  jsonObjectShape,
  requesterJson,
  requesterShape,
  targetJson,
  targetShape,
} from './shapes.js';

export const JOBS_NAMESPACE = 'urn:heavylift:jobs:1';

/** A sheet of the ledger: an item of the `jobs` node. */
export const sheetCodec: PayloadCodec<Sheet> = {
  encode: (sheet) =>
    xml(
      'sheet',
      {
        xmlns: JOBS_NAMESPACE,
        epoch: sheet.epoch,
        sequence: sheet.sequence,
        floor: sheet.floor,
        dead: sheet.dead.length === 0 ? undefined : sheet.dead.map(rangeText).join(' '),
        epochs: sheet.epochs.map(({ epoch, since }) => `${epoch}:${since}`).join(' '),
        'last-number': sheet.lastNumber,
      },
      ...sheet.jobs.map(encodeJob),
      ...sheet.gone.map(encodeGone),
    ),

  decode: (element) => decodeSheet(element, () => true),
};

/**
 * The same for a lifter, which need not know of jobs that are not given to it: they read as if they had been let go. With many
 * lifters those are nearly all.
 *
 * @param me full JID of the lifter, asked for each sheet
 */
export function lifterSheetCodec(me: () => string): PayloadCodec<Sheet> {
  return {
    encode: sheetCodec.encode,
    decode(element) {
      const lifter = me();
      return decodeSheet(element, (job) => optionalText(job, 'lifter') === lifter);
    },
  };
}

function decodeSheet(element: Element, concerns: (job: Element) => boolean): Sheet {
  expectElement(element, 'sheet', JOBS_NAMESPACE);
  const jobs: JobEntry[] = [];
  const gone = children(element, 'gone', JOBS_NAMESPACE).map(decodeGone);
  for (const job of children(element, 'job', JOBS_NAMESPACE)) {
    if (concerns(job)) jobs.push(decodeJob(job));
    else gone.push(decodeGone(job));
  }
  const sheet: Sheet = {
    epoch: integer(element, 'epoch', 0),
    sequence: integer(element, 'sequence', 1),
    floor: integer(element, 'floor', 1),
    dead: listOf(element, 'dead', rangeOf),
    epochs: listOf(element, 'epochs', epochStartOf),
    lastNumber: integer(element, 'last-number', 0),
    jobs,
    gone,
  };
  expectConsistent(element, sheet);
  return sheet;
}

export function encodeJob(job: JobEntry): Element {
  const { state, cancelRequested } = job;
  return xml(
    'job',
    {
      id: job.id,
      number: job.number,
      revision: job.revision,
      kind: job.kind,
      state: state.type,
      lifter: state.type === 'assigned' ? state.lifter : undefined,
      since: state.type === 'assigned' ? timestamp(state.since) : undefined,
      submitted: timestamp(job.submitted),
      'not-before': optionalTimestamp(job.notBefore),
      deadline: optionalTimestamp(job.deadline),
      'as-of': optionalTimestamp(job.asOf),
      'timeout-ms': job.timeoutMs,
      priority: job.priority,
      attempt: job.attempt,
      'max-attempts': job.maxAttempts,
      stalls: job.stalls,
    },
    jsonElement(jobBody(job)),
    ...(cancelRequested === undefined ? [] : [encodeCancel(cancelRequested)]),
  );
}

/** What has been asked, by whom, and what went wrong: whatever people or handlers wrote stands in JSON. */
export function jobBody(job: JobEntry): Json {
  return {
    args: job.args,
    requester: requesterJson(job.requester),
    target: targetJson(job.target),
    failures: failuresJson(job.failures),
    ...present({ uniqueKey: job.uniqueKey, traceparent: job.traceparent }),
  };
}

const jobShape = z.object({
  args: jsonObjectShape,
  requester: requesterShape,
  target: targetShape,
  failures: failuresShape,
  uniqueKey: z.string().exactOptional(),
  traceparent: z.string().exactOptional(),
});

export function decodeJob(element: Element): JobEntry {
  return {
    id: jobId(element, 'id'),
    number: integer(element, 'number', 1),
    revision: integer(element, 'revision', 1),
    kind: handlerName(element, 'kind'),
    state: decodeState(element),
    submitted: instant(element, 'submitted'),
    timeoutMs: integer(element, 'timeout-ms', 1),
    priority: integer(element, 'priority'),
    attempt: integer(element, 'attempt', 1),
    maxAttempts: integer(element, 'max-attempts', 1),
    stalls: integer(element, 'stalls', 0),
    ...shapedJson(element, jobShape),
    ...present({
      notBefore: optionalInstant(element, 'not-before'),
      deadline: optionalInstant(element, 'deadline'),
      asOf: optionalInstant(element, 'as-of'),
      cancelRequested: decodeCancel(element),
    }),
  };
}

function decodeState(element: Element): JobState {
  const type = oneOf(element, 'state', ['pending', 'assigned']);
  if (type === 'pending') return { type };
  return { type, lifter: text(element, 'lifter'), since: instant(element, 'since') };
}

function encodeCancel({ at, by }: CancelRequest): Element {
  return xml('cancel', { at: timestamp(at), by });
}

function decodeCancel(element: Element): CancelRequest | undefined {
  const cancel = element.getChild('cancel', JOBS_NAMESPACE);
  if (cancel === undefined) return undefined;
  return { at: instant(cancel, 'at'), by: text(cancel, 'by') };
}

function encodeGone({ id, revision }: GoneJob): Element {
  return xml('gone', { id, revision });
}

/** Jobs have what is read here under the same names. */
function decodeGone(element: Element): GoneJob {
  return { id: jobId(element, 'id'), revision: integer(element, 'revision', 1) };
}

function rangeText({ from, to }: SequenceRange): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

function rangeOf(word: string): SequenceRange | undefined {
  const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(word) ?? [];
  return first === undefined ? undefined : { from: Number(first), to: Number(last) };
}

function epochStartOf(word: string): EpochStart | undefined {
  const [, epoch, since] = /^(\d{1,15}):(\d{1,15})$/.exec(word) ?? [];
  return epoch === undefined ? undefined : { epoch: Number(epoch), since: Number(since) };
}

function listOf<T>(
  element: Element,
  name: string,
  itemOf: (word: string) => T | undefined,
): readonly T[] {
  const given = optionalText(element, name) ?? '';
  if (given === '') return [];
  return given.split(' ').map((word) => {
    const item = itemOf(word);
    if (item !== undefined) return item;
    throw malformed(element, `attribute '${name}' has '${word.slice(0, 40)}' in it`);
  });
}

/** What the ledger relies on: ranges in order, the epoch in force is the sheet's own, no job twice. */
function expectConsistent(element: Element, sheet: Sheet): void {
  let next = sheet.floor;
  for (const { from, to } of sheet.dead) {
    if (from < next || to < from || to >= sheet.sequence) {
      throw malformed(element, `dead range ${from}-${to} is out of order or out of bounds`);
    }
    next = to + 1;
  }
  if (sheet.floor > sheet.sequence) throw malformed(element, 'its floor is above itself');
  const ascending = sheet.epochs.every((start, index) => {
    const before = sheet.epochs[index - 1];
    return before === undefined || (before.epoch < start.epoch && before.since < start.since);
  });
  const [first] = sheet.epochs;
  const inForce = sheet.epochs.at(-1);
  const covers = first !== undefined && first.since <= sheet.floor;
  if (!ascending || !covers || inForce?.epoch !== sheet.epoch || inForce.since > sheet.sequence) {
    throw malformed(
      element,
      'its epochs are out of order, begin above its floor or do not end with its own',
    );
  }
  const ids = new Set<JobId>();
  for (const { id } of sheet.jobs) ids.add(id);
  for (const { id } of sheet.gone) ids.add(id);
  if (ids.size < sheet.jobs.length + sheet.gone.length) {
    throw malformed(element, 'a job stands in it twice');
  }
}
