import { spawn } from 'node:child_process';
import terminal from 'node:console';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineHandler } from '../../dist/handlers/index.js';

const handler = (name, run) => defineHandler({ name, summary: name, fields: {}, run });

/** Handlers that return, and leave something behind that comes out when others run. */
const leftovers = {
  'late-rejection': () => {
    setTimeout(() => Promise.reject(new Error('too late')), 30);
  },
  'late-rejection-unref': () => {
    setTimeout(() => Promise.reject(new Error('too late')), 30).unref();
  },
  'late-throw': () => {
    setTimeout(() => {
      throw new Error('too late');
    }, 30).unref();
  },
  'late-native': () => {
    pbkdf2('x', 'y', 100_000, 64, 'sha512', () => {
      throw new Error('too late');
    });
  },
  'late-exit': () => {
    setTimeout(() => process.exit(4), 30).unref();
  },
  'late-lines': (_args, { log }) => {
    setInterval(() => {
      terminal.log('still here');
      log.info('still here');
    }, 5).unref();
  },
  interval: () => {
    setInterval(() => terminal.log('still here'), 5);
  },
  'altered-globals': () => {
    JSON.stringify = () => 'not yours';
    Array.prototype.map = () => ['not yours'];
    Promise.prototype.finally = undefined;
    globalThis.setImmediate = undefined;
  },
};

export default [
  ...Object.entries(leftovers).map(([name, leave]) =>
    handler(name, (args, context) => {
      leave(args, context);
      return 'left';
    }),
  ),
  handler('innocent', async () => {
    await sleep(60);
    return [1, 2].map((n) => n + 1);
  }),
  handler('deaf', async (_args, { log }) => {
    log.info('running');
    await sleep(600_000, undefined, { ref: false });
  }),
  handler('never', async (_args, { log }) => {
    log.info('running');
    await new Promise(() => undefined);
  }),
  handler('busy', (_args, { log }) => {
    log.info('running');
    for (;;);
  }),
  handler('asleep', (_args, { log }) => {
    log.info('running');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }),
  handler('patient', async (_args, { log }) => {
    log.info('running');
    await sleep(2_500);
    return 'still here';
  }),
  handler('daemon', async () => {
    const child = spawn('setsid', ['-f', 'sleep', '1234.5'], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH },
    });
    await once(child, 'exit');
    return 'left';
  }),
  handler('pid', () => process.pid),
];
