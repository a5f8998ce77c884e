import { beforeEach, describe, expect, it } from 'vitest';
import { createRoster, type Roster } from '../../src/scheduler/roster.js';
import { announcement, one, two } from './support/office.js';

let now = 1_000_000;
let lines: string[] = [];
let roster: Roster;

beforeEach(() => {
  now = 1_000_000;
  lines = [];
  const info = (_: object, message: string) => void lines.push(message);
  const warn = (_: object, message: string) => void lines.push(`warning: ${message}`);
  roster = createRoster({ info, warn }, () => now);
});

describe('lifters and handlers that come and go', () => {
  it('are logged, once each, and a handler that nobody has any more as a warning', () => {
    roster.announced(one, announcement({ handlers: ['lift', 'greet'] }));
    roster.announced(one, announcement({ handlers: ['greet', 'lift'], busy: 1 }));
    roster.announced(two, announcement({ handlers: ['lift'] }));
    roster.left(one);
    roster.left(one);
    now += 300_000;
    roster.announced(two, announcement({ handlers: ['lift', 'greet'] }));
    roster.announced(two, announcement({ handlers: ['lift', 'greet'], draining: true }));
    roster.announced(two, announcement({ handlers: ['lift', 'greet'], draining: true }));
    expect(lines).toEqual([
      'a lifter came',
      'a lifter came',
      'a lifter left',
      'warning: no lifter has "greet" now',
      'the handlers of a lifter changed',
      'there is a lifter that has "greet" again, after 5 min',
      'a lifter is shutting down',
    ]);
  });

  it('are remembered: where a handler was last, and when, over terms too', () => {
    roster.announced(one, announcement({ handlers: ['lift'] }));
    roster.announced(two, announcement({ handlers: ['greet'] }));
    expect(roster.lastSeen('greet')).toBeUndefined();
    expect([...roster.counts()]).toContainEqual(['greet', 1]);
    now += 1_000;
    roster.left(two);
    now += 1_000;
    expect(roster.lastSeen('greet')).toEqual({ lifter: 'lifter-2', at: 1_001_000 });
    expect(roster.lastSeen('dance')).toBeUndefined();
    roster.reset();
    expect(roster.lastSeen('lift')).toEqual({ lifter: 'lifter-1', at: 1_002_000 });
    expect([...roster.counts()]).toContainEqual(['lift', 0]);
  });
});
