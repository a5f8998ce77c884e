import { setTimeout as sleep } from 'node:timers/promises';
import { defineHandler } from './define.js';

/** Thirty steps of a tenth of a second: long enough to watch, short enough to try. */
export default defineHandler({
  name: 'lift',
  title: 'heavy job',
  summary: 'lifts something heavy, step by step',
  done: 'Done lifting',
  fields: {
    count: { type: 'integer', label: 'how many steps', min: 1, max: 1000, default: 30 },
    step: { type: 'number', label: 'seconds a step', min: 0, max: 3600, default: 0.1 },
  },
  timeout: 3_600_000,
  async run({ count, step }, { progress, signal }) {
    for (let done = 1; done <= count; done++) {
      await sleep(step * 1000, undefined, { signal });
      progress(done, count);
    }
    return { lifted: count };
  },
});
