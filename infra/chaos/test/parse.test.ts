import { expect, it } from 'vitest';
import { parseExecution } from '../src/parse.js';

it('reads what a handler noted', () => {
  const line = {
    type: 'started',
    at: 1.5,
    run: 'r',
    job: 'j',
    attempt: 1,
    request: 'q',
    pid: 7,
    parent: 6,
  };
  expect(parseExecution(JSON.stringify(line))).toEqual(line);
  const end = { type: 'ended', at: 2, run: 'r', how: 'returned' };
  expect(parseExecution(JSON.stringify(end))).toEqual(end);
});

it('passes over a line that a killed process left unfinished', () => {
  expect(parseExecution('{"type":"started","at":1,"ru')).toBeUndefined();
  expect(parseExecution('{"type":"started","at":1}')).toBeUndefined();
  expect(parseExecution('')).toBeUndefined();
});
