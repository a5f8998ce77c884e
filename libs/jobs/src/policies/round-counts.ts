/** How long the lines are in which jobs of one priority wait, one line a requester: for the question how many go before. */
export interface RoundCounts {
  /** All that wait in the lines. */
  readonly total: number;
  /** A line of so many has got one more. */
  grew(length: number): void;
  /** A line of so many has got one less. */
  shrank(length: number): void;
  /** How many wait, of each line so many at most. */
  upTo(most: number): number;
}

/** A Fenwick tree over the rounds: the how-manieth round has how many jobs in it. All steps take O(log n). */
export function createRoundCounts(): RoundCounts {
  /** From 1 on. */
  const sums: number[] = [0];
  let total = 0;

  function count(round: number, by: 1 | -1): void {
    total += by;
    while (sums.length <= round) sums.push(newNode(sums.length));
    for (let at = round; at < sums.length; at += lowBit(at)) sums[at] = (sums[at] ?? 0) + by;
  }

  /** What a node covers that is added at the end. */
  function newNode(at: number): number {
    return prefix(at - 1) - prefix(at - lowBit(at));
  }

  function prefix(round: number): number {
    let sum = 0;
    for (let at = round; at > 0; at -= lowBit(at)) sum += sums[at] ?? 0;
    return sum;
  }

  return {
    get total() {
      return total;
    },
    grew: (length) => count(length + 1, 1),
    shrank: (length) => count(length, -1),
    upTo: (most) => prefix(Math.min(most, sums.length - 1)),
  };
}

const lowBit = (at: number): number => at & -at;
