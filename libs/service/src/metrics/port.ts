/** Only ever goes up; its rate is what is looked at. */
export interface Counter<L extends string> extends MetricText<L> {
  readonly kind: 'counter';
}

/** What holds at this moment. */
export interface Gauge<L extends string> extends MetricText<L> {
  readonly kind: 'gauge';
}

/** How a quantity is spread. */
export interface Histogram<L extends string> extends MetricText<L> {
  readonly kind: 'histogram';
  /** Upper bounds, in the unit that the name ends with. */
  readonly buckets: readonly number[];
}

interface MetricText<L extends string> {
  /** As Prometheus has it, with the unit at the end. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
}

export type Metric<L extends string> = Counter<L> | Gauge<L> | Histogram<L>;

/** A value for each label, and none else. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

export interface Reading<L extends string> {
  readonly labels: Labels<L>;
  readonly value: number;
}

/** Where a service counts and measures. Never throws, whatever becomes of the numbers. */
export interface Metrics {
  /** @param by zero or more @default 1 */
  count<L extends string>(counter: Counter<L>, labels: Labels<L>, by?: number): void;
  observe<L extends string>(histogram: Histogram<L>, labels: Labels<L>, value: number): void;
  /**
   * Says how a gauge is read; that happens when somebody asks, so that it is right then and nobody has to keep it up to date. Several
   * may each give readings of one gauge, with different labels.
   * @returns ends it
   */
  watch<L extends string>(gauge: Gauge<L>, read: () => Iterable<Reading<L>>): () => void;
}

/** For who is not asked for numbers: forgets them. */
export const noMetrics: Metrics = {
  count: () => undefined,
  observe: () => undefined,
  watch: () => () => undefined,
};
