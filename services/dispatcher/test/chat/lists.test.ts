import { describe, expect, it } from 'vitest';
import { cutLines, cutRows } from '../../src/chat/lists.js';

describe('a list that is too long to send', () => {
  it('is cut, and says so', () => {
    const lines = cutLines(Array.from({ length: 25 }, (_, index) => `line ${index}`));
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('… and 5 more');
  });

  it('is cut in characters, too: lines and cells', () => {
    expect(cutLines(['x'.repeat(100_000)])[0]).toMatch(/^x{999}…$/);
    const rows = cutRows(Array.from({ length: 5_000 }, () => ['a', 'x'.repeat(100_000)]));
    expect(JSON.stringify(rows).length).toBeLessThan(70_000);
    expect(cutRows(Array.from({ length: 5_000 }, () => ['']))).toHaveLength(500);
  });

  it('never ends with half a character', () => {
    expect(cutLines([`${'x'.repeat(998)}😀x`])[0]).toBe(`${'x'.repeat(998)}…`);
  });
});
