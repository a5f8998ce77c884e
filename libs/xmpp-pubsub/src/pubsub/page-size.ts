/**
 * Characters of one answer to aim at: far from what a parser or server refuses, and soon read, so that other traffic of the
 * connection waits for a moment only.
 */
const TARGET_CHARACTERS = 2 * 1_048_576;
/** The first request goes into the unknown: so many items of the largest size that servers let through can be read at once. */
const FIRST = 16;
/** However small the items have been, the next may be large. */
const MOST = 32;

/** How many items to ask for next. */
export interface PageSize {
  readonly next: number;
  /** Notes how many characters each item of a page took. */
  received(sizes: readonly number[]): void;
}

/** What is learnt of nodes from one read to the next: after a page that broke the connection, smaller ones are asked for. */
export interface PageLimits {
  of(node: string): number;
  failed(node: string, asked: number): void;
  succeeded(node: string): void;
}

/** @param most no page has more items, whatever their size */
export function createPageSize(most: number): PageSize {
  const bound = Math.min(most, MOST);
  let next = Math.min(bound, FIRST);
  return {
    get next() {
      return next;
    },
    received(sizes) {
      const largest = sizes.reduce((a, b) => Math.max(a, b), 1);
      const fitting = Math.floor(TARGET_CHARACTERS / largest);
      next = Math.max(1, Math.min(bound, 2 * next, fitting));
    },
  };
}

export function createPageLimits(): PageLimits {
  const limits = new Map<string, number>();
  const of = (node: string) => limits.get(node) ?? MOST;
  return {
    of,
    failed(node, asked) {
      limits.set(node, Math.max(1, Math.floor(Math.min(asked, of(node)) / 2)));
    },
    succeeded(node) {
      // A node that was cleared is read as fast as before, some reads later.
      if (limits.has(node)) limits.set(node, Math.min(MOST, 2 * of(node)));
      if (of(node) === MOST) limits.delete(node);
    },
  };
}
