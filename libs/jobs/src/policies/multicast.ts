import type { Instant, JobEntry, JobId, NewJob } from '../domain/job.js';
import type { Json } from '../domain/json.js';
import type { JobResult } from '../domain/result.js';
import { escapedBytes } from '../payloads/size.js';
import { jsonText } from '../xml/json.js';
import { type LifterLoad, takes } from './choose.js';
import { jobErrorOf } from './retry.js';

/** The lifters that a job for all goes to: those that have its handler and are not about to leave, one for each name. */
export function lifterNamesFor(kind: string, lifters: Iterable<LifterLoad>): readonly string[] {
  const names = [...lifters]
    .filter((lifter) => takes(lifter, kind, undefined))
    .map(({ name }) => name);
  return [...new Set(names)].sort();
}

/** The part of the job that the lifter with the name does. It is nobody's duplicate, and its requester is not told of it. */
export function childOf(parent: NewJob, id: JobId, name: string): NewJob {
  const { uniqueKey: _, requester, ...rest } = parent;
  const { messageId: __, originId: ___, ...who } = requester;
  return { ...rest, id, requester: who, target: { type: 'child', parent: parent.id, name } };
}

/**
 * What became of a job for all, from what became of its parts: cancelled or expired if it was asked to end, failed if a part failed, else
 * succeeded with the value of every part by the lifter's name.
 *
 * @param parts outcomes of all children, by the lifter's name
 */
export function aggregate(
  parent: JobEntry,
  parts: ReadonlyMap<string, JobResult>,
  finished: Instant,
): JobResult {
  const { id: job, number, kind, attempt, submitted, failures } = parent;
  const base = { job, number, kind, attempt, submitted, finished, failures };
  const results = [...parts.values()];
  const bad = [...parts].filter(([, { status }]) => status !== 'succeeded');
  if (bad.length === 0) return { ...base, status: 'succeeded', value: valuesOf(parts) };
  const stopped = results.find(({ status }) => status === 'cancelled' || status === 'expired');
  const message = `${bad.length} of ${parts.size} lifters did not do it: ${bad.map(partText).join('; ')}`;
  const error = jobErrorOf(Object.assign(new Error(message), { name: 'PartsFailed' }));
  if (stopped?.status === 'cancelled' || stopped?.status === 'expired')
    return { ...base, status: stopped.status, error };
  return { ...base, status: 'failed', error };
}

/** Bytes of JSON as it travels: all values together have to fit one item. Beyond, whoever wants them reads the parts' own results. */
const largestValues = 65_536;

function valuesOf(parts: ReadonlyMap<string, JobResult>): Json {
  const values = [...parts].map(([name, result]): [string, Json] => [
    name,
    result.status === 'succeeded' ? result.value : null,
  ]);
  const all = Object.fromEntries(values);
  const isTooLarge = escapedBytes(jsonText(all)) > largestValues;
  return isTooLarge ? Object.fromEntries(values.map(([name]) => [name, null])) : all;
}

function partText([name, result]: readonly [string, JobResult]): string {
  return 'error' in result && result.error !== undefined
    ? `${name}: ${result.error.message}`
    : `${name}: ${result.status}`;
}
