/** Chance that comes out the same again from the same seed. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** Both ends included. */
  integer(from: number, to: number): number;
  /** @throws RangeError if there is nothing to pick from */
  pick<T>(values: readonly T[]): T;
  chance(probability: number): boolean;
  /** A row of its own, so that what one part draws changes nothing for another. */
  fork(name: string): Random;
}

/** Mulberry32: good enough to make trouble with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    integer,
    pick(values) {
      const picked = values.slice(integer(0, values.length - 1)).at(0);
      if (picked === undefined) throw new RangeError('there is nothing to pick from');
      return picked;
    },
    chance: (probability) => next() < probability,
    fork: (name) => seededRandom(hash(name, seed)),
  };
}

/** FNV-1a. */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
