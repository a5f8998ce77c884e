/** A binary heap that also finds its items: the first by `before` is at hand, any can be taken out. All steps take O(log n). */
export interface Heap<T> {
  readonly size: number;
  peek(): T | undefined;
  push(item: T): void;
  pop(): T | undefined;
  /** @returns whether it was there */
  remove(item: T): boolean;
  /** To be called after the item's place has changed. */
  update(item: T): void;
  [Symbol.iterator](): IterableIterator<T>;
}

export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  const places = new Map<T, number>();

  function put(item: T, place: number): void {
    items[place] = item;
    places.set(item, place);
  }

  function rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = items[parentPlace];
      if (parent === undefined || !before(item, parent)) break;
      put(parent, place);
      place = parentPlace;
    }
    put(item, place);
  }

  function sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const childPlace = firstChildOf(place);
      const child = childPlace === undefined ? undefined : items[childPlace];
      if (childPlace === undefined || child === undefined || !before(child, item)) break;
      put(child, place);
      place = childPlace;
    }
    put(item, place);
  }

  function firstChildOf(place: number): number | undefined {
    const left = items[2 * place + 1];
    const right = items[2 * place + 2];
    if (left === undefined) return undefined;
    return right !== undefined && before(right, left) ? 2 * place + 2 : 2 * place + 1;
  }

  function settle(item: T, place: number): void {
    rise(item, place);
    sink(item, places.get(item) ?? place);
  }

  function remove(item: T): boolean {
    const place = places.get(item);
    if (place === undefined) return false;
    places.delete(item);
    const last = items.pop();
    if (last !== undefined && last !== item) settle(last, place);
    return true;
  }

  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    push(item) {
      items.push(item);
      rise(item, items.length - 1);
    },
    pop() {
      const [first] = items;
      if (first !== undefined) remove(first);
      return first;
    },
    remove,
    update(item) {
      const place = places.get(item);
      if (place !== undefined) settle(item, place);
    },
    [Symbol.iterator]: () => items.values(),
  };
}
