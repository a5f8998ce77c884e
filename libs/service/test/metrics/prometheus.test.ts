import { describe, expect, it } from 'vitest';
import {
  createPrometheusMetrics,
  type Metric,
  metricCatalogue,
  noMetrics,
  type PrometheusMetrics,
} from '../../src/index.js';

const { accepted, pending, waitSeconds, sheetJobs } = metricCatalogue.dispatcher;

const never = (error: unknown): never => {
  throw error;
};

/** Samples by what stands before the value, of one metric. */
async function samples(metrics: PrometheusMetrics, name: string): Promise<Map<string, string>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(name));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    }),
  );
}

describe('metrics', () => {
  it('count by label', async () => {
    const metrics = createPrometheusMetrics(never);
    metrics.count(accepted, { handler: 'lift' });
    metrics.count(accepted, { handler: 'lift' }, 2);
    metrics.count(accepted, { handler: 'press' });
    expect(Object.fromEntries(await samples(metrics, accepted.name))).toEqual({
      'heavylift_jobs_accepted_total{handler="lift"}': '3',
      'heavylift_jobs_accepted_total{handler="press"}': '1',
    });
  });

  it('read a gauge when they are asked, from all who watch, and forget a label that is read no more', async () => {
    const metrics = createPrometheusMetrics(never);
    const waiting = new Map([['lift', 4]]);
    const readings = () => [...waiting].map(([handler, value]) => ({ labels: { handler }, value }));
    metrics.watch(pending, readings);
    const end = metrics.watch(pending, () => [{ labels: { handler: 'press' }, value: 1 }]);
    expect([...(await samples(metrics, pending.name)).values()]).toEqual(['4', '1']);
    waiting.clear();
    waiting.set('squat', 2);
    end();
    expect([...(await samples(metrics, pending.name))]).toEqual([
      ['heavylift_jobs_pending{handler="squat"}', '2'],
    ]);
  });

  it('spread what is observed over buckets', async () => {
    const metrics = createPrometheusMetrics(never);
    for (const jobs of [1, 3, 64]) metrics.observe(sheetJobs, {}, jobs);
    const read = await samples(metrics, sheetJobs.name);
    expect(read.get('heavylift_sheet_jobs_bucket{le="2"}')).toBe('1');
    expect(read.get('heavylift_sheet_jobs_bucket{le="4"}')).toBe('2');
    expect(read.get('heavylift_sheet_jobs_count')).toBe('3');
    expect(read.get('heavylift_sheet_jobs_sum')).toBe('68');
  });

  it('give the process itself, event loop lag included', async () => {
    const text = await createPrometheusMetrics(never).text();
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes']) {
      expect(text).toContain(`\n${name} `);
    }
  });

  it('never break who counts: what is wrong is told, and the rest is still given', async () => {
    const failures: unknown[] = [];
    const metrics = createPrometheusMetrics((error) => failures.push(error));
    metrics.count(accepted, { handler: 'lift' }, -1);
    metrics.observe(waitSeconds, { handler: 'lift' }, Number('none'));
    metrics.watch(pending, () => {
      throw new Error('unreadable');
    });
    metrics.watch(pending, () => [{ labels: { handler: 'lift' }, value: 7 }]);
    expect([...(await samples(metrics, pending.name)).values()]).toEqual(['7']);
    expect(failures).toHaveLength(3);
  });

  it('may be nobody’s business', () => {
    noMetrics.count(accepted, { handler: 'lift' });
    noMetrics.observe(sheetJobs, {}, 1);
    noMetrics.watch(pending, () => [])();
  });
});

describe('the catalogue', () => {
  const all: Metric<string>[] = Object.values(metricCatalogue).flatMap((group) =>
    Object.values(group),
  );

  it('names each metric once', () => {
    const names = all.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(all.map((metric) => [metric.name, metric] as const))(
    '%s is named as Prometheus wants it',
    (name, { kind, help, labels }) => {
      expect(name).toMatch(/^heavylift_[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
      expect(help).toMatch(/^[A-Z0-9].*\.$/);
      for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
    },
  );
});
