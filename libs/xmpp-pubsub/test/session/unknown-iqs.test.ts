import { expect, it } from 'vitest';
import { boundUnknownIqs } from '../../src/session/unknown-iqs.js';

it('IQs that nobody handles are answered up to a bound, for each sender and for all', () => {
  let at = 0;
  const unknown = boundUnknownIqs(() => at);
  const answered = (count: number, sender: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => unknown.mayAnswer(sender(index))).filter(Boolean)
      .length;
  expect(answered(500, () => 'eve@x')).toBe(50);
  expect(answered(50_000, (index) => `made-up-${index}@x`)).toBe(950);
  expect(answered(1, () => 'ada@x')).toBe(0);
  at = 10_000;
  expect(answered(500, () => 'eve@x')).toBe(50);
});
