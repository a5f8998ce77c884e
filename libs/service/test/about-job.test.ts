import { describe, expect, it } from 'vitest';
import { aboutJob, isTraceparent, newTraceparent, traceIdOf } from '../src/index.js';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

describe('a trace (W3C Trace Context section 3.2)', () => {
  it('is begun with an id of its own, to be recorded', () => {
    const begun = [newTraceparent(), newTraceparent()];
    expect(begun.map(isTraceparent)).toEqual([true, true]);
    expect(new Set(begun.map(traceIdOf)).size).toBe(2);
    for (const text of begun) expect(text).toMatch(/^00-.*-01$/);
  });

  it.each([
    '',
    'none',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `ff-${trace}-00f067aa0ba902b7-01`,
    traceparent.toUpperCase(),
    ` ${traceparent}`,
    `${traceparent}-more`,
  ])('is none if it is malformed: %j', (text) => {
    expect(isTraceparent(text)).toBe(false);
    expect(traceIdOf(text)).toBeUndefined();
  });
});

describe('a job in a line of the log', () => {
  const entry = { id: 'id', number: 7, attempt: 2, kind: 'lift' };

  it('is named by id, number, attempt, kind and trace', () => {
    const named = { job: 'id', number: 7, attempt: 2, kind: 'lift' };
    expect(aboutJob({ ...entry, traceparent })).toEqual({ ...named, trace });
    expect(aboutJob(entry)).toEqual(named);
  });
});
