import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/chat/limiter.js';

describe('the limit for each sender', () => {
  it('lets a burst through, says once that it is too much, and is silent then', () => {
    const limiter = createLimiter({ burst: 3, perSecond: 1, senders: 10, now: () => 0 });
    const verdicts = Array.from({ length: 6 }, () => limiter.take('a'));
    expect(verdicts).toEqual(['served', 'served', 'served', 'slow-down', 'silent', 'silent']);
    expect(limiter.take('b')).toBe('served');
  });

  it('serves again after a while', () => {
    let now = 0;
    const limiter = createLimiter({ burst: 4, perSecond: 1, senders: 10, now: () => now });
    for (let i = 0; i < 6; i += 1) limiter.take('a');
    now = 1_000;
    expect(limiter.take('a')).toBe('silent');
    now = 2_000;
    expect(limiter.take('a')).toBe('served');
  });

  it('is kept for the senders that wrote last, so many and no more', () => {
    const limiter = createLimiter({ burst: 1, perSecond: 1, senders: 2, now: () => 0 });
    const verdicts = ['a', 'b', 'a'].map((sender) => limiter.take(sender));
    expect(verdicts).toEqual(['served', 'served', 'slow-down']);
    // In place of b, whose last message was the longest ago.
    expect(limiter.take('c')).toBe('served');
    expect(limiter.take('a')).toBe('silent');
    expect(limiter.take('b')).toBe('served');
  });

  it('says it once even where one is all that may come at once', () => {
    let now = 0;
    const limiter = createLimiter({ burst: 1, perSecond: 1, senders: 10, now: () => now });
    const verdicts = [0, 0, 600, 900, 1_100].map((at) => {
      now = at;
      return limiter.take('a');
    });
    expect(verdicts).toEqual(['served', 'slow-down', 'silent', 'silent', 'served']);
  });

  it('never lets more through than burst and rate allow, and answers no more than that', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 10 }),
        (pauses, burst) => {
          let now = 0;
          const limiter = createLimiter({ burst, perSecond: 2, senders: 10, now: () => now });
          const verdicts = pauses.map((pause) => {
            now += pause;
            return limiter.take('a');
          });
          const count = (wanted: string) => verdicts.filter((given) => given === wanted).length;
          const most = burst + (2 * now) / 1_000;
          expect(count('served')).toBeLessThanOrEqual(most);
          expect(count('slow-down')).toBeLessThanOrEqual(1 + most);
        },
      ),
    ));
});
