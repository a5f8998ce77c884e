/** Lines of a log that anybody can cause: a few of each kind, then one now and then with how many there were. */

export interface SparingOptions {
  /** Lines of a kind in one window. @default 10 */
  readonly lines?: number;
  /** In milliseconds. @default a minute */
  readonly windowMs?: number;
  /** Kinds that are told apart, at most; the rest are one kind. @default 64 */
  readonly kinds?: number;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

/**
 * How many of the kind were left out since its last line, if this one is to be written; undefined if it is to be left out, too.
 * @param kind a word of ours, not of whoever caused it
 */
export type Spare = (kind: string) => number | undefined;

export function createSparing({
  lines = 10,
  windowMs = 60_000,
  kinds = 64,
  now = () => performance.now(),
}: SparingOptions = {}): Spare {
  const known = new Map<string, { since: number; written: number; leftOut: number }>();

  function windowOf(kind: string) {
    const name = known.has(kind) || known.size < kinds ? kind : '';
    const window = known.get(name) ?? { since: now(), written: 0, leftOut: 0 };
    known.set(name, window);
    return window;
  }

  return (kind) => {
    const window = windowOf(kind);
    if (now() - window.since >= windowMs) {
      window.since = now();
      window.written = 0;
    }
    if (window.written >= lines) {
      window.leftOut += 1;
      return undefined;
    }
    const { leftOut } = window;
    window.written += 1;
    window.leftOut = 0;
    return leftOut;
  };
}

/** Longest text of somebody else's in a line of the log. */
const longestDetail = 300;

/** The details with texts of others cut, and how many lines like it were left out. */
export function spareDetails(
  details: Readonly<Record<string, unknown>>,
  leftOut: number,
): Readonly<Record<string, unknown>> {
  const cut = Object.entries(details).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'string' && value.length > longestDetail
      ? `${value.slice(0, longestDetail)}…`
      : value,
  ]);
  return { ...Object.fromEntries(cut), ...(leftOut > 0 && { leftOut }) };
}
