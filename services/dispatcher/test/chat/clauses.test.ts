import { describe, expect, it } from 'vitest';
import { splitClauses } from '../../src/chat/clauses.js';
import { splitWords } from '../../src/chat/words.js';

const split = (line: string) => splitClauses(splitWords(line));
const texts = (line: string) => {
  const result = split(line);
  return 'rest' in result ? result.rest.map((word) => word.text).join(' ') : result;
};
const clauses = (line: string) => {
  const result = split(line);
  return 'clauses' in result ? result.clauses : result;
};

describe('splitClauses', () => {
  it('takes when, where and how urgently off the end, in any order', () => {
    const wanted = {
      when: { kind: 'in', ms: 600_000 },
      target: { kind: 'lifter', name: 'lifter-2' },
      priority: 3,
    };
    expect(clauses('lift 5 in 10m on lifter-2 priority 3')).toEqual(wanted);
    expect(clauses('lift 5 priority 3 IN 10m on lifter-2')).toEqual(wanted);
    expect(clauses('lift 5 in 10m on Lifter-2 priority 3')).toEqual(wanted);
    expect(texts('lift 5 in 10m on lifter-2 priority 3')).toBe('lift 5');
  });

  it.each([
    ['lift at 18:00', { when: { kind: 'at', hour: 18, minute: 0 } }],
    ['lift every "0 6 * * *"', { when: { kind: 'every', cron: '0 6 * * *' } }],
    ['lift on all', { target: { kind: 'all' } }],
    ['lift priority -5', { priority: -5 }],
    ['lift within 90s', { withinMs: 90_000 }],
    ['lift within 1.5h', { withinMs: 5_400_000 }],
    ['lift in 250ms', { when: { kind: 'in', ms: 250 } }],
    ['lift in 1w', { when: { kind: 'in', ms: 604_800_000 } }],
    ['lift in 1h30m', { when: { kind: 'in', ms: 5_400_000 } }],
    ['lift', {}],
  ])('%s', (line, wanted) => {
    expect(clauses(line)).toEqual(wanted);
  });

  it('leaves quoted keywords and the command itself alone', () => {
    expect(texts('say hello "in" 10m')).toBe('say hello in 10m');
    expect(texts('in 10m')).toBe('in 10m');
  });

  it.each([
    [
      'lift in banana',
      '"in banana": expected a duration such as 250ms, 90s, 1h30m, 1.5h, 2d or 1w',
    ],
    ['lift in 999d', '"in 999d": that is more than a year'],
    ['lift at 25:00', '"at 25:00": expected a time of day such as 18:00'],
    ['lift priority 999', '"priority 999": expected a whole number from -100 to 100'],
    ['lift in 1m at 18:00', 'it says twice when to run'],
  ])('%s: %s', (line, problem) => {
    expect(split(line)).toEqual({ problem });
  });
});
