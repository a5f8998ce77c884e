import { defineHandler } from '@heavylift/lifter';

/** Fails first, and would have its words and its trace in the log. */
export default defineHandler({
  name: 'flaky',
  summary: 'fails, then does not',
  fields: { note: { type: 'text', default: '' } },
  run(_args, { attempt, job, log }) {
    log.info('trying', { traceparent: job.traceparent });
    if (attempt === 1) throw new Error('slipped');
  },
});
