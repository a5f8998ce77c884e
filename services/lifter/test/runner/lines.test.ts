import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineSplitter } from '../../src/runner/lines.js';
import { logLimit } from '../../src/runner/log-limit.js';
import type { FromHandler } from '../../src/runner/protocol.js';

function linesOf(pieces: readonly Uint8Array[], maxLength?: number): string[] {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line), maxLength);
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return lines;
}

it('lines are the same, however they arrive', () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 7 }), (lines, size) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      // Between lines an empty one is kept; at the very end there is nothing.
      expect(linesOf(pieces)).toEqual(lines);
    }),
  );
});

it('a carriage return ends a line, alone or with a line feed', () => {
  expect(linesOf([Buffer.from('1%\r2%\r'), Buffer.from('\n3%')])).toEqual(['1%', '2%', '3%']);
});

it('a long line comes in pieces', () => {
  expect(linesOf([Buffer.from('abcdefgh')], 3)).toEqual(['abc', 'def', 'gh']);
});

it('too many lines a second are counted, not told', () => {
  const told: FromHandler[] = [];
  let now = 0;
  const say = logLimit(
    (message) => told.push(message),
    () => now,
  );
  for (let i = 0; i < 1_000; i++) say({ type: 'log', level: 'info', message: `${i}` });
  expect(told).toHaveLength(200);
  now = 1_000;
  say({ type: 'log', level: 'info', message: 'later' });
  expect(told.slice(200)).toEqual([
    { type: 'log', level: 'warn', message: '800 lines were left out: too many' },
    { type: 'log', level: 'info', message: 'later' },
  ]);
});
