import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plainDetails, plainLine } from '../../src/runner/log-details.js';

it('what is logged can be told to another process, whatever it is', () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  expect(plainDetails({ size: 5n, when: new Date(0), run: () => 1, deep: { list: [1] } })).toEqual({
    size: '5',
    when: '1970-01-01T00:00:00.000Z',
    deep: { list: [1] },
  });
  expect(plainDetails({ err: new RangeError('out of reach') })).toEqual({
    err: { type: 'RangeError', message: 'out of reach', stack: expect.stringContaining('reach') },
  });
  expect(plainDetails(loop)).toEqual({ inspected: expect.stringContaining('Circular') });
});

it('log.error(error) tells the error, with its code, causes and stack', () => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const line = plainLine(new TypeError('fetch failed', { cause }), { url: 'http://x' });
  expect(line).toEqual({
    message: 'TypeError: fetch failed; caused by Error: refused (ECONNREFUSED)',
    details: {
      err: {
        type: 'TypeError',
        message: 'fetch failed; caused by Error: refused (ECONNREFUSED)',
        causes: [{ class: 'Error', message: 'refused', code: 'ECONNREFUSED' }],
        stack: expect.stringContaining('log-details.test'),
      },
      url: 'http://x',
    },
  });
  expect(plainLine('it failed', cause).details).toMatchObject({ err: { code: 'ECONNREFUSED' } });
});

const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error('no');
    },
    ownKeys() {
      throw new Error('no');
    },
    getPrototypeOf() {
      throw new Error('no');
    },
  },
);
let deep: unknown = 1;
for (let level = 0; level < 50_000; level++) deep = [deep];

it.each([
  undefined,
  null,
  Symbol('x'),
  5n,
  () => 1,
  hostile,
  deep,
  { toJSON: hostile },
  {
    toJSON: () => {
      throw new Error('no');
    },
  },
  { [Symbol.toPrimitive]: 1 },
  Object.create(null),
  'x'.repeat(1_000_000),
  Array.from({ length: 100_000 }, () => ({ a: 1 })),
])('logging never fails, nor tells what is endless: %#', (value) => {
  for (const line of [
    plainLine(value, undefined),
    plainLine('x', value),
    plainLine(value, value),
  ]) {
    expect(typeof line.message).toBe('string');
    expect(JSON.stringify(structuredClone(line)).length).toBeLessThan(40_000);
  }
});

it('logging never fails, whatever is logged', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (message, details) => {
      expect(typeof plainLine(message, details).message).toBe('string');
    }),
  );
});
