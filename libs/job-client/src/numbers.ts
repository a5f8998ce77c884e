import { JobClientError } from './errors.js';

/** A set of whole numbers from 1 on, of which most stand side by side. */
export interface NumberSet {
  has(number: number): boolean;
  add(number: number): void;
  /** The ranges in order: `1-1040 1042`. */
  toString(): string;
}

interface Range {
  first: number;
  last: number;
}

/** @throws JobClientError `invalid-option` if the text is not what `toString` gave */
export function numberSet(text = ''): NumberSet {
  const ranges = text === '' ? [] : text.split(' ').map(readRange);
  for (const [index, { first }] of ranges.entries()) {
    const before = ranges[index - 1];
    if (before !== undefined && before.last + 1 >= first) throw malformed(text);
  }

  /** Where the first range is that ends at the number or behind it. */
  function indexOf(number: number): number {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = ranges[middle];
      if (range !== undefined && range.last < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const covers = (range: Range | undefined, number: number): boolean =>
    range !== undefined && range.first <= number && number <= range.last;

  return {
    has: (number) => covers(ranges[indexOf(number)], number),
    add(number) {
      const at = indexOf(number);
      const [before, after] = [ranges[at - 1], ranges[at]];
      if (covers(after, number)) return;
      const joinsBefore = before !== undefined && before.last === number - 1;
      const joinsAfter = after !== undefined && after.first === number + 1;
      if (joinsBefore && joinsAfter) {
        before.last = after.last;
        ranges.splice(at, 1);
      } else if (joinsBefore) before.last = number;
      else if (joinsAfter) after.first = number;
      else ranges.splice(at, 0, { first: number, last: number });
    },
    toString: () =>
      ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(' '),
  };
}

function readRange(text: string): Range {
  const [, from = '', to = from] = /^([1-9]\d{0,14})(?:-([1-9]\d{0,14}))?$/.exec(text) ?? [];
  const range = { first: Number(from), last: Number(to) };
  if (from === '' || range.last < range.first) throw malformed(text);
  return range;
}

const malformed = (text: string): JobClientError =>
  new JobClientError('invalid-option', `"${text}" is no position: expected one that a result had`);
