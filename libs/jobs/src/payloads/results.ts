import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import type { JobError } from '../domain/job.js';
import type { JobResult } from '../domain/result.js';
import { json, jsonElement, shapedJson } from '../xml/json.js';
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
  optionalInteger,
  optionalText,
  optionalTimestamp,
  present,
  timestamp,
} from '../xml/read.js';
import { failuresJson, failuresShape, jobErrorJson, jobErrorShape } from './shapes.js';

export const RESULT_NAMESPACE = 'urn:heavylift:result:1';

/** An item of the `results` node: one terminal result or more. */
export const resultsCodec: PayloadCodec<readonly JobResult[]> = {
  encode: (results) => xml('results', { xmlns: RESULT_NAMESPACE }, ...results.map(encodeResult)),

  decode(element) {
    expectElement(element, 'results', RESULT_NAMESPACE);
    const results = children(element, 'result', RESULT_NAMESPACE).map(decodeResult);
    if (results.length === 0) throw malformed(element, 'it has no <result>');
    return results;
  },
};

function encodeResult(result: JobResult): Element {
  return xml(
    'result',
    {
      job: result.job,
      number: result.number,
      kind: result.kind,
      attempt: result.attempt,
      status: result.status,
      lifter: result.lifter,
      submitted: timestamp(result.submitted),
      started: optionalTimestamp(result.started),
      finished: timestamp(result.finished),
      requester: result.requester,
      order: result.order,
    },
    ...(result.status === 'succeeded' ? [jsonElement(result.value)] : encodeError(result.error)),
    ...(result.failures.length === 0
      ? []
      : [xml('failures', {}, jsonElement(failuresJson(result.failures)))]),
  );
}

function encodeError(error: JobError | undefined): Element[] {
  return error === undefined ? [] : [xml('error', {}, jsonElement(jobErrorJson(error)))];
}

function decodeResult(element: Element): JobResult {
  const failures = element.getChild('failures', RESULT_NAMESPACE);
  const base = {
    job: jobId(element, 'job'),
    number: integer(element, 'number', 1),
    kind: handlerName(element, 'kind'),
    attempt: integer(element, 'attempt', 1),
    submitted: instant(element, 'submitted'),
    finished: instant(element, 'finished'),
    failures: failures === undefined ? [] : shapedJson(failures, failuresShape),
    ...present({
      lifter: optionalText(element, 'lifter'),
      started: optionalInstant(element, 'started'),
      requester: optionalText(element, 'requester'),
      order: optionalInteger(element, 'order', 0),
    }),
  };
  const status = oneOf(element, 'status', ['succeeded', 'failed', 'cancelled', 'expired']);
  if (status === 'succeeded') return { ...base, status, value: json(element) };
  const error = decodeError(element);
  if (status !== 'failed') return { ...base, status, ...present({ error }) };
  if (error === undefined) throw malformed(element, 'it failed, but has no <error>');
  return { ...base, status, error };
}

function decodeError(element: Element): JobError | undefined {
  const error = element.getChild('error', RESULT_NAMESPACE);
  return error === undefined ? undefined : shapedJson(error, jobErrorShape);
}
