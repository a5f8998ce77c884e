import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { hasCondition, isXmppError, XmppError } from '../../src/index.js';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const all = (text: string, pattern: RegExp) =>
  Array.from(text.matchAll(pattern), ([, code = '']) => code).sort();

describe('errors', () => {
  it('are all documented, each once', async () => {
    const declared = all(await read('src/errors.ts'), /^ {2}\| '([a-z-]+)'/gm);
    expect(declared.length).toBeGreaterThan(15);
    expect(all(await read('docs/errors.md'), /^### `([a-z-]+)`$/gm)).toEqual(declared);
  });

  it('are known by their code, also those of another copy of the library', () => {
    const own = new XmppError('timeout', 'too late');
    const others = Object.assign(new Error('too late'), { name: 'XmppError', code: 'timeout' });
    for (const error of [own, others]) {
      expect(isXmppError(error)).toBe(true);
      expect(isXmppError(error, 'conflict', 'timeout')).toBe(true);
      expect(isXmppError(error, 'conflict')).toBe(false);
    }
    expect(isXmppError(new Error('timeout'))).toBe(false);
    expect(isXmppError('timeout')).toBe(false);
  });

  it('know their conditions', () => {
    const stanza = {
      type: 'cancel',
      condition: 'conflict',
      pubsubCondition: 'precondition-not-met',
    };
    const error = new XmppError('stanza-error', 'no', { stanza });
    expect(hasCondition(error, 'item-not-found', 'conflict')).toBe(true);
    expect(hasCondition(error, 'precondition-not-met')).toBe(true);
    expect(hasCondition(error, 'item-not-found')).toBe(false);
    expect(hasCondition(new XmppError('conflict', 'another session'), 'conflict')).toBe(false);
  });
});
