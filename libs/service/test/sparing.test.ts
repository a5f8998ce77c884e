import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createLogger, ignoring, noMetrics, sessionLog } from '../src/index.js';
import { createSparing } from '../src/sparing.js';

it('writes a few lines of a kind in a while, and then how many there were', () => {
  let at = 0;
  const spare = createSparing({ lines: 2, windowMs: 100, kinds: 2, now: () => at });
  expect(['a', 'a', 'a', 'a', 'b'].map(spare)).toEqual([0, 0, undefined, undefined, 0]);
  at = 100;
  expect(spare('a')).toBe(2);
  // What is beyond the kinds that are told apart is one kind.
  expect(['c', 'd', 'e'].map(spare)).toEqual([0, 0, undefined]);
});

it('5,000 presences that are ignored write at most 20 kB of log, and are all counted', () => {
  let bytes = 0;
  let counted = 0;
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  const log = createLogger({ name: 'test', level: 'debug', destination });
  const count = () => {
    counted += 1;
  };
  const ignore = ignoring({ ...noMetrics, count }, log);
  const session = sessionLog(log);
  for (let index = 0; index < 5_000; index += 1) {
    ignore('presence', 'untrusted', { from: `eve@example.org/${'x'.repeat(1_000)}${index}` });
    session.warn({ from: `eve@example.org/${index}` }, 'ignored an answer');
  }
  expect(counted).toBe(5_000);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(20_000);
});
