import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isServiceError, messageOf, ServiceError } from '../src/index.js';

const source = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('a ServiceError', () => {
  it('is told by its code', () => {
    const error = new ServiceError('start-failed', 'no power', { cause: new Error('fuse') });
    expect(isServiceError(error)).toBe(true);
    expect(isServiceError(error, 'stop-failed', 'start-failed')).toBe(true);
    expect(isServiceError(error, 'stop-failed')).toBe(false);
    expect(isServiceError(new Error('no power'))).toBe(false);
    expect(error.cause).toEqual(new Error('fuse'));
  });

  it('has each of its codes on the page of errors, and no other stands there', () => {
    const [union = ''] = source('../src/errors.ts').split('\n\n');
    const codes = [...union.matchAll(/^ {2}\| '([\w-]+)'/gm)].map(([, code]) => code);
    const headings = [...source('../docs/errors.md').matchAll(/^## (.+)$/gm)].map(
      ([, code]) => code,
    );
    expect(codes.length).toBeGreaterThan(0);
    expect(headings).toEqual(codes);
  });
});

it('whatever was thrown has a message', () => {
  expect([new Error('heavy'), 'heavy', 7, undefined].map(messageOf)).toEqual([
    'heavy',
    'heavy',
    '7',
    'undefined',
  ]);
});
