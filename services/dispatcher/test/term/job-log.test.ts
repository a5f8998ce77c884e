import { createLogger, noMetrics } from '@heavylift/service';
import { describe, expect, it } from 'vitest';
import { observeDispatcher } from '../../src/metrics.js';
import { createJobLog } from '../../src/term/job-log.js';
import { entry, failed, now } from '../support/desk.js';

/** What is logged: level, words, and some of what stands beside them. */
function stage() {
  const lines: Record<string, unknown>[] = [];
  const write = (text: string) =>
    void lines.push(
      ...text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
  const log = createLogger({ name: 'test', level: 'debug', destination: { write } });
  const observer = observeDispatcher(noMetrics);
  return {
    lines,
    jobLog: createJobLog({ observer, ignore: () => undefined, log, now: () => now }),
  };
}

describe('the log of the dispatcher', () => {
  it('has one line for each step of a job: given, tried again, ended, delivered', () => {
    const { lines, jobLog } = stage();
    const error = { class: 'Error', message: 'slipped' };
    const lifter = 'lifter-1@example.org/x';
    jobLog.onGiven(entry, lifter);
    jobLog.onRetry(entry, { attempt: 1, reason: 'failed', lifter, at: now, error }, 1_500);
    jobLog.ended(entry, failed);
    jobLog.gone(entry, failed);
    expect(lines).toMatchObject([
      { level: 'debug', number: 7, lifter, msg: 'given to a lifter' },
      { level: 'warn', number: 7, error, retryInMs: 1_500, msg: 'attempt failed, trying again' },
      { level: 'warn', number: 7, status: 'failed', error, msg: 'ended' },
      { level: 'info', number: 7, msg: 'delivered: its requester has been told' },
    ]);
    for (const line of lines) expect(JSON.stringify(line).split('slipped').length).toBeLessThan(3);
  });

  it('says nothing of a job that was let go before it was accepted', () => {
    const { lines, jobLog } = stage();
    jobLog.gone(entry, undefined);
    expect(lines).toEqual([]);
  });
});
