/** A map that holds the entries used last, so many and no more. */
export interface BoundedMap<K, V> {
  readonly size: number;
  /** Counts as use. */
  get(key: K): V | undefined;
  set(key: K, value: V): void;
}

export function createBoundedMap<K, V>(limit: number): BoundedMap<K, V> {
  // A Map keeps the order in which keys were put in: the first is the one unused for longest.
  const entries = new Map<K, V>();

  function put(key: K, value: V): void {
    entries.delete(key);
    entries.set(key, value);
    const [oldest] = entries.keys();
    if (entries.size > limit && oldest !== undefined) entries.delete(oldest);
  }

  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) put(key, value);
      return value;
    },
    set: put,
  };
}
