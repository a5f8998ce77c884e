/*
 * What the lifters of both releases can do. It imports nothing of either, and has the shape of what `defineHandler` makes.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One write a line, at the end of the file that all lifters write to, so that lines stay whole. @param {object} line */
const note = (line) => appendFileSync(String(process.env['RUNS']), `${JSON.stringify(line)}\n`);

export default {
  name: 'work',
  title: 'job',
  summary: 'takes a while, and fails the first times if asked to',
  done: 'Done',
  fields: {
    ms: { type: 'integer', default: 50, min: 0, max: 600_000 },
    fail: { type: 'integer', default: 0, min: 0, max: 100 },
  },
  timeout: 600_000,
  maxAttempts: 2,
  isolation: 'thread',
  memoryLimit: 64,
  /**
   * @param {{ ms: number, fail: number }} args
   * @param {{ job: { id: string }, attempt: number, signal: AbortSignal, progress: (done: number, total: number) => void }} context
   */
  async run({ ms, fail }, { job, attempt, signal, progress }) {
    const run = { job: job.id, attempt };
    note({ ...run, how: 'started' });
    progress(1, 2);
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      note({ ...run, how: 'aborted' });
      throw error;
    }
    note({ ...run, how: 'ended' });
    if (attempt <= fail) throw new Error(`fails ${fail} times, and this is attempt ${attempt}`);
    return null;
  },
};
