/*
 * Loaded by `node --import` before a service. At SIGUSR2 it reads from the file CHAOS_CLOCK how far the time of day is off from
 * now on, in milliseconds. Timers and the monotonic clock go on as they were, as when an administrator sets the clock.
 */
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env['CHAOS_CLOCK'];
let shiftMs = 0;
const RealDate = Date;

if (isMainThread && file !== undefined) {
  const shifted = (): number => RealDate.now() + shiftMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, asked) =>
      Reflect.construct(target, args.length === 0 ? [shifted()] : args, asked),
    get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
  });
  process.on('SIGUSR2', () => {
    shiftMs = Number(readFileSync(file, 'utf8'));
  });
}
