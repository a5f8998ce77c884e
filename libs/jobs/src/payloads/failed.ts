import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import type { FailedJob } from '../domain/failed-job.js';
import { jsonElement, shapedJson } from '../xml/json.js';
import {
  expectElement,
  malformed,
  optionalInstant,
  optionalInteger,
  optionalTimestamp,
  present,
} from '../xml/read.js';
import { jobErrorJson, jobErrorShape } from './shapes.js';
import { decodeJob, encodeJob, JOBS_NAMESPACE } from './sheet.js';

/** An item of the `failed` node: one job that failed for good. Its id is the job's number. */
export const failedCodec: PayloadCodec<FailedJob> = {
  encode: ({ entry, error, finished, retriedAs, epoch }) =>
    xml(
      'failed',
      {
        xmlns: JOBS_NAMESPACE,
        finished: optionalTimestamp(finished),
        'retried-as': retriedAs,
        epoch,
      },
      encodeJob(entry),
      xml('error', {}, jsonElement(jobErrorJson(error))),
    ),

  decode(element) {
    expectElement(element, 'failed', JOBS_NAMESPACE);
    const job = element.getChild('job', JOBS_NAMESPACE);
    const error = element.getChild('error', JOBS_NAMESPACE);
    if (job === undefined || error === undefined)
      throw malformed(element, 'it lacks <job> or <error>');
    return {
      entry: decodeJob(job),
      error: shapedJson(error, jobErrorShape),
      ...present({
        finished: optionalInstant(element, 'finished'),
        retriedAs: optionalInteger(element, 'retried-as', 1),
        epoch: optionalInteger(element, 'epoch', 1),
      }),
    };
  },
};
