import { setTimeout as sleep } from 'node:timers/promises';
import { defineHandler, FinalError, ReleaseError } from '../../dist/handlers/index.js';

const handler = (name, run, fields = {}) => defineHandler({ name, summary: name, fields, run });

/** Handlers that behave, and that do not. */
export default [
  handler('echo', (args, { job, attempt }) => ({ args, job, attempt }), {
    text: { type: 'text', label: 'what to say', default: 'hello' },
  }),
  handler('throw', () => {
    throw new RangeError('out of reach');
  }),
  handler('throw-final', () => {
    throw new FinalError('it will never work');
  }),
  handler('throw-release', () => {
    throw new ReleaseError('no scanner here');
  }),
  handler('exit', () => process.exit(3)),
  handler('reject-unhandled', async () => {
    void Promise.reject(new Error('nobody caught me'));
    await sleep(60_000);
  }),
  handler('throw-later', async () => {
    setTimeout(() => {
      throw new Error('too late to catch');
    });
    await sleep(60_000);
  }),
  handler('busy-loop', (_args, { log }) => {
    log.info('running');
    for (;;);
  }),
  handler('polite', async (_args, { log, signal }) => {
    log.info('running');
    await sleep(60_000, undefined, { signal });
  }),
  handler('return-late', async (_args, { log, signal }) => {
    log.info('running');
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    return 'I did it anyway';
  }),
  handler('return-function', () => ({ deep: [{ inside: () => 1 }] })),
  handler('return-large', () => 'x'.repeat(100_000)),
  handler('chatty', (_args, { log, progress }) => {
    log.info('about to start', { steps: 100_000 });
    for (let done = 1; done <= 100_000; done++) progress(done, 100_000, 'counting');
  }),
  handler('bad-progress', (_args, { progress }) => progress('half', 1)),
];
