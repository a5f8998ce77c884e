import terminal from 'node:console';
import { pbkdf2Sync } from 'node:crypto';
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
  handler('process-id', () => process.pid),
  handler('leave', () => process.exit(3)),
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
  handler('kill-itself', () => process.kill(process.pid, 'SIGKILL')),
  handler('cry-memory', async () => {
    terminal.error('FATAL ERROR: heap out of memory');
    setTimeout(() => {
      throw new Error('the memory limit: heap out of memory');
    });
    await sleep(60_000);
  }),
  handler('exit-0', () => process.exit(0)),
  handler('deaf', async (_args, { log }) => {
    log.info('running');
    await sleep(600_000, undefined, { ref: false });
  }),
  handler('deaf-for', ({ ms }) => sleep(ms), { ms: { type: 'integer' } }),
  handler('slow-echo', async () => {
    await sleep(500);
    return 'still here';
  }),
  handler('patient-echo', async (_args, { log }) => {
    log.info('running');
    await sleep(4_000);
    return 'still here';
  }),
  handler('native-loop', async (_args, { log }) => {
    log.info('running');
    await sleep(50);
    pbkdf2Sync('x', 'y', 2_000_000_000, 64, 'sha512');
  }),
  handler('hog-objects', () => {
    const kept = [];
    for (;;) kept.push({ x: Math.random() });
  }),
  handler('hog-arrays', () => {
    const kept = [];
    for (;;) kept.push(new Array(5e6).fill(1.5));
  }),
  handler('hog-map', () => {
    const kept = new Map();
    for (let i = 0; ; i++) kept.set(i, i);
  }),
  handler('hog-buffers', async () => {
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(1e7, 1));
      await sleep(1);
    }
  }),
  handler('hog-in-one-go', () => new Array(3e8).fill(1.5)),
  handler('print', () => {
    terminal.log('hello', { from: 'console' });
    process.stdout.write('no line');
    process.stdout.write(' break\n');
    terminal.error('to stderr');
  }),
  handler('print-much', () => {
    for (let i = 0; i < 100_000; i++) terminal.log('again and again', i);
  }),
  handler('return-function', () => ({ deep: [{ inside: () => 1 }] })),
  handler('return-large', () => 'x'.repeat(100_000)),
  handler('chatty', (_args, { log, progress }) => {
    log.info('about to start', { steps: 100_000 });
    for (let done = 1; done <= 100_000; done++) progress(done, 100_000, 'counting');
  }),
  handler('bad-progress', (_args, { progress }) => progress('half', 1)),
];
