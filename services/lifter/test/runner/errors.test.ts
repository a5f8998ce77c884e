import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FinalError } from '../../src/handlers/errors.js';
import { jobError } from '../../src/runner/errors.js';

describe('what a handler throws', () => {
  it('is told by its class and message', () => {
    expect(jobError(new RangeError('too heavy'))).toEqual({
      class: 'RangeError',
      message: 'too heavy',
    });
    expect(jobError(new FinalError('never'))).toMatchObject({ final: true });
    expect(jobError('no')).toEqual({ class: 'Error', message: 'no' });
  });

  it.each([
    [Object.assign(new Error(), { message: ['a', 'b'] }), '["a","b"]'],
    [Object.assign(new Error(), { message: undefined }), 'undefined'],
    [{ code: 7 }, '{"code":7}'],
    [undefined, 'undefined'],
    [Object.assign(Object.create(null), { toJSON: () => undefined }), 'something that has no text'],
  ])('is a text, though an error may have anything for its message: %#', (thrown, message) => {
    expect(jobError(thrown)).toEqual({ class: 'Error', message });
  });

  it('is short, and never makes the telling fail', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (name, message) => {
        for (const thrown of [message, Object.assign(new Error(), { name, message })]) {
          const told = jobError(thrown);
          expect(typeof told.class).toBe('string');
          expect(told.class.length).toBeLessThanOrEqual(101);
          expect(told.message.length).toBeLessThanOrEqual(1_001);
        }
      }),
    );
  });
});
