import { jsonText } from '@heavylift/jobs';
import type { JobView } from '../desk.js';
import { lifterName } from '../scheduler/lifters.js';
import type { Fields } from './answer.js';
import { stateOf } from './describe.js';

/** What a program learns about a job. */
export function jobFields(view: JobView): Fields {
  const { entry, result, waitsFor, progress } = view;
  return {
    'job-id': entry.id,
    number: entry.number,
    kind: entry.kind,
    state: stateOf(view),
    attempt: entry.attempt,
    ...(entry.state.type === 'assigned' ? { lifter: lifterName(entry.state.lifter) } : {}),
    ...(progress === undefined ? {} : { done: progress.done }),
    ...(progress?.total === undefined ? {} : { total: progress.total }),
    ...(waitsFor === undefined ? {} : { 'waits-for': waitsFor }),
    ...(result?.status === 'succeeded' ? { result: jsonText(result.value) } : {}),
    ...(result?.status === 'failed' ? { error: result.error.message } : {}),
    ...(view.retriedAs === undefined ? {} : { 'retried-as': view.retriedAs }),
  };
}
