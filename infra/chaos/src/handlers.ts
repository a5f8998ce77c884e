/**
 * What the lifters of a chaos run can do. Loaded by a lifter, and again in each of its threads, so it imports nothing but Node;
 * it has the shape of what `defineHandler` makes.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface Context {
  readonly job: { readonly id: string };
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** A note in the file that all lifters write to: one write a line, at its end, so that lines stay whole. */
function note(line: object): void {
  const file = process.env['CHAOS_EXECUTIONS'];
  if (file === undefined) throw new Error('CHAOS_EXECUTIONS names no file');
  const at = Number(process.hrtime.bigint() / 1_000n) / 1_000;
  appendFileSync(file, `${JSON.stringify({ ...line, at })}\n`);
}

interface Work {
  readonly ms: number;
  readonly fail: number;
  readonly request: string;
  readonly key?: number;
}

async function run({ ms, fail, request, key }: Work, context: Context): Promise<null> {
  const { job, attempt, signal } = context;
  const run = randomUUID();
  const { pid, ppid: parent } = process;
  note({ type: 'started', run, job: job.id, attempt, request, key, pid, parent });
  let how = 'aborted';
  try {
    await sleep(ms, undefined, { signal });
    how = attempt <= fail ? 'failed' : 'returned';
  } finally {
    note({ type: 'ended', run, how });
  }
  if (how === 'failed') throw new Error(`fails ${fail} times, and this is attempt ${attempt}`);
  return null;
}

const work = {
  name: 'work',
  title: 'job',
  summary: 'takes a while, and fails the first times if asked to',
  done: 'Done',
  fields: {
    ms: { type: 'integer', default: 50, min: 0, max: 600_000 },
    fail: { type: 'integer', default: 0, min: 0, max: 100 },
    request: { type: 'text', default: '' },
  },
  timeout: 60_000,
  maxAttempts: 3,
  isolation: 'thread',
  memoryLimit: 64,
  run,
};

const unique = {
  ...work,
  name: 'unique',
  summary: 'takes a while; of each key, one at a time',
  fields: { ...work.fields, key: { type: 'integer' } },
  uniqueKey: ['key'],
};

export default [work, unique];
