import { expect, it } from 'vitest';
import { plainDetails } from '../../src/runner/log-details.js';

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
