import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hasApt, STATE_DIR, unpackPackages } from '@heavylift/ejabberd';
import { beforeAll, describe, expect, it } from 'vitest';
import { createPrometheusMetrics, type Metric, metricCatalogue } from '../../src/index.js';

const folder = fileURLToPath(new URL('../../../../infra/observability/', import.meta.url));
const target = `${STATE_DIR}/prometheus-packages`;

const all: Metric<string>[] = Object.values(metricCatalogue).flatMap((group) =>
  Object.values(group),
);

/** A scrape in which every metric of ours has a value. */
async function scrape(): Promise<string> {
  const metrics = createPrometheusMetrics((error) => {
    throw error;
  });
  for (const metric of all) {
    const labels = Object.fromEntries(metric.labels.map((label) => [label, 'x']));
    if (metric.kind === 'counter') metrics.count(metric, labels);
    if (metric.kind === 'histogram') metrics.observe(metric, labels, 1);
    if (metric.kind === 'gauge') metrics.watch(metric, () => [{ labels, value: 1 }]);
  }
  return metrics.text();
}

const apt = await hasApt();
describe.skipIf(!apt)(`what Prometheus is given${apt ? '' : ' (SKIPPED: no apt)'}`, () => {
  beforeAll(
    () =>
      unpackPackages({
        packages: ['prometheus'],
        always: /^prometheus$/,
        target,
        log: () => undefined,
      }),
    300_000,
  );

  function promtool(args: readonly string[], input = '') {
    const { status, stdout, stderr } = spawnSync(`${target}/usr/bin/promtool`, args, {
      cwd: folder,
      input,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  }

  it('is a scrape without a fault', async () => {
    const { status, output } = promtool(['check', 'metrics'], await scrape());
    expect({ status, output }).toEqual({ status: 0, output: '' });
  });

  it('is a configuration with rules that it understands', () => {
    expect(promtool(['check', 'config', 'prometheus.yaml'])).toMatchObject({ status: 0 });
  });

  it('are alerts that fire when they should, and only then', () => {
    const { status, output } = promtool(['test', 'rules', 'alerts.test.yaml']);
    expect(output).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('alerts and dashboard', () => {
  const files = ['alerts.yaml', 'dashboard.json'];
  const text = files.map((file) => readFileSync(folder + file, 'utf8')).join('\n');
  const named = new Set(text.match(/\b(heavylift|nodejs|process)_[a-z0-9_]+/g));

  it('ask for nothing that services do not give', async () => {
    const given = await scrape();
    const missing = [...named].filter((name) => !given.match(new RegExp(`^${name}[ {]`, 'm')));
    expect(missing).toEqual([]);
  });

  it('show every metric of ours somewhere', () => {
    const shown = (name: string) => [...named].some((asked) => asked.startsWith(name));
    expect(all.map(({ name }) => name).filter((name) => !shown(name))).toEqual([]);
  });
});
