import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { z } from 'zod';
import type { AttemptReport, JobEvent, Progress, Told } from '../domain/event.js';
import { jsonElement, optionalJson, shapedJson } from '../xml/json.js';
import {
  childElements,
  expectElement,
  instant,
  integer,
  jobId,
  malformed,
  oneOf,
  optionalInteger,
  optionalNumber,
  present,
  text,
  timestamp,
} from '../xml/read.js';
import { jobErrorJson, jobErrorShape } from './shapes.js';

export const EVENT_NAMESPACE = 'urn:heavylift:event:1';

/** An item of the `events` node: one event or more. Kinds of event that are not known are ignored. */
export const eventsCodec: PayloadCodec<readonly JobEvent[]> = {
  encode: (events) => xml('events', { xmlns: EVENT_NAMESPACE }, ...events.map(encodeEvent)),

  decode(element) {
    expectElement(element, 'events', EVENT_NAMESPACE);
    return childElements(element, EVENT_NAMESPACE).flatMap(decodeEvent);
  },
};

function encodeEvent(event: JobEvent): Element {
  switch (event.type) {
    case 'progress':
      return encodeProgress(event);
    case 'attempt':
      return encodeAttempt(event);
    case 'told':
      return xml('told', { job: event.job, at: timestamp(event.at) });
  }
}

function decodeEvent(element: Element): JobEvent[] {
  switch (element.getName()) {
    case 'progress':
      return [decodeProgress(element)];
    case 'attempt':
      return [decodeAttempt(element)];
    case 'told':
      return [decodeTold(element)];
    default:
      return [];
  }
}

function encodeProgress({ job, attempt, at, done, total, note }: Progress): Element {
  return xml('progress', { job, attempt, at: timestamp(at), done, total }, ...encodeNote(note));
}

function decodeProgress(element: Element): Progress {
  const done = optionalNumber(element, 'done');
  if (done === undefined) throw malformed(element, "attribute 'done' is missing");
  return {
    type: 'progress',
    job: jobId(element, 'job'),
    attempt: integer(element, 'attempt', 1),
    at: instant(element, 'at'),
    done,
    ...present({ total: optionalNumber(element, 'total'), note: decodeNote(element) }),
  };
}

function encodeAttempt(report: AttemptReport): Element {
  const { job, attempt, lifter, outcome } = report;
  const attributes = { job, attempt, lifter, at: timestamp(report.at), outcome };
  if (outcome === 'released')
    return xml('attempt', { ...attributes, revision: report.revision }, ...encodeNote(report.note));
  return xml(
    'attempt',
    { ...attributes, reason: report.reason },
    xml('error', {}, jsonElement(jobErrorJson(report.error))),
  );
}

function decodeAttempt(element: Element): AttemptReport {
  const base = {
    type: 'attempt',
    job: jobId(element, 'job'),
    attempt: integer(element, 'attempt', 1),
    lifter: text(element, 'lifter'),
    at: instant(element, 'at'),
  } as const;
  const outcome = oneOf(element, 'outcome', ['failed', 'released']);
  if (outcome === 'released') {
    const revision = optionalInteger(element, 'revision', 1);
    return { ...base, outcome, ...present({ revision, note: decodeNote(element) }) };
  }
  const error = element.getChild('error', EVENT_NAMESPACE);
  if (error === undefined) throw malformed(element, 'it failed, but has no <error>');
  return {
    ...base,
    outcome,
    reason: oneOf(element, 'reason', ['failed', 'timeout']),
    error: shapedJson(error, jobErrorShape),
  };
}

function decodeTold(element: Element): Told {
  return { type: 'told', job: jobId(element, 'job'), at: instant(element, 'at') };
}

const noteShape = z.object({ note: z.string().exactOptional() });

function encodeNote(note: string | undefined): Element[] {
  return note === undefined ? [] : [jsonElement({ note })];
}

function decodeNote(element: Element): string | undefined {
  return optionalJson(element) === undefined ? undefined : shapedJson(element, noteShape).note;
}
