/** Metrics in the text format that Prometheus scrapes. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metric, Metrics, Reading } from './port.js';

export interface PrometheusMetrics extends Metrics {
  /** MIME type of `text()`. */
  readonly contentType: string;
  /** All that has been counted and observed so far, and every gauge as it is now. */
  text(): Promise<string>;
}

type Readings = () => Iterable<Reading<string>>;

interface Watched {
  readonly gauge: Gauge;
  readonly readers: Set<Readings>;
}

/** Those of the process itself whose names say the wrong kind: `_total` is for counters. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/**
 * Also gives what is known of any Node process: CPU, memory, event loop lag, garbage collection.
 * @param failed told of a reading that threw, and of a value that is none
 */
export function createPrometheusMetrics(failed: (error: unknown) => void): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);

  const counters = byName((metric) => new Counter(optionsOf(metric, registry)));
  const histograms = byName(
    (metric: Metric<string> & { kind: 'histogram' }) =>
      new Histogram({ ...optionsOf(metric, registry), buckets: [...metric.buckets] }),
  );
  const gauges = byName((metric): Watched => {
    const readers = new Set<Readings>();
    const gauge = new Gauge({ ...optionsOf(metric, registry), collect: () => read() });
    function read(): void {
      // A label that is read no more, of a job's handler for example, must not stay with its last value.
      gauge.reset();
      for (const reader of readers) guard(() => readInto(gauge, reader));
    }
    return { gauge, readers };
  });

  function guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      failed(error);
    }
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    count(metric, labels, by = 1) {
      guard(() => counters(metric).inc({ ...labels }, by));
    },
    observe(metric, labels, value) {
      guard(() => histograms(metric).observe({ ...labels }, value));
    },
    watch(metric, read) {
      const { readers } = gauges(metric);
      readers.add(read);
      return () => {
        readers.delete(read);
      };
    },
  };
}

function readInto(gauge: Gauge, read: Readings): void {
  for (const { labels, value } of read()) gauge.set({ ...labels }, value);
}

const optionsOf = ({ name, help, labels }: Metric<string>, registry: Registry) => ({
  name,
  help,
  labelNames: [...labels],
  registers: [registry],
});

/** Made when it is first used: a service shows no metric that only others have. */
function byName<M extends Metric<string>, T>(make: (metric: M) => T): (metric: M) => T {
  const made = new Map<string, T>();
  return (metric) => {
    const known = made.get(metric.name) ?? make(metric);
    made.set(metric.name, known);
    return known;
  };
}
