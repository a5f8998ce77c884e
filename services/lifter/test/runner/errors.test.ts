import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FinalError } from '../../src/handlers/errors.js';
import { jobError } from '../../src/runner/errors.js';

describe('what a handler throws', () => {
  it('is told by its class and message', () => {
    expect(jobError(new RangeError('too heavy'))).toEqual({
      class: 'RangeError',
      message: 'too heavy',
      stack: expect.stringContaining('errors.test'),
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
    expect(jobError(thrown)).toMatchObject({ class: 'Error', message });
  });

  it('has its causes, codes and stack in it, and all of them in one line', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const lookup = Object.assign(new TypeError('no such\nhost'), { code: 'ENOTFOUND' });
    const all = new AggregateError([refused, lookup], '');
    const told = jobError(new Error('cannot fetch', { cause: all }));
    expect(told.message).toBe(
      'cannot fetch; caused by AggregateError; Error: connect ECONNREFUSED; TypeError: no such host (ENOTFOUND)',
    );
    expect(told.causes).toEqual([
      { class: 'AggregateError', message: '' },
      { class: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
      { class: 'TypeError', message: 'no such\nhost', code: 'ENOTFOUND' },
    ]);
    expect(jobError(refused)).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says something though it has no message', () => {
    expect(jobError(new Error())).toMatchObject({ message: 'Error without a message' });
    expect(jobError(new AggregateError([new Error('a'), 'b'])).message).toBe(
      'AggregateError without a message; Error: a; Error: b',
    );
  });

  it('is told, though its causes go in circles, are many, or throw when they are read', () => {
    const error = new Error('around');
    error.cause = new Error('and around', { cause: error });
    expect(jobError(error).causes).toHaveLength(1);
    const many = new AggregateError(
      Array.from({ length: 10_000 }, () => new Error('one')),
      'many',
    );
    expect(jobError(many).causes).toHaveLength(8);
    const hostile = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('no');
      },
      getPrototypeOf: () => {
        throw new Error('no');
      },
    });
    expect(() => jobError(hostile)).not.toThrow();
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
