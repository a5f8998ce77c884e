import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasApt, STATE_DIR, unpackPackages } from '@heavylift/ejabberd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPrometheusMetrics, type Metric, metricCatalogue } from '../../src/index.js';

const folder = fileURLToPath(new URL('../../../../infra/observability/', import.meta.url));
const target = `${STATE_DIR}/prometheus-packages`;

const scratch = mkdtempSync(join(tmpdir(), 'heavylift-observability-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const dashboard = z.looseObject({
  panels: z.array(
    z.looseObject({
      title: z.string(),
      gridPos: z.looseObject({ y: z.number() }),
      targets: z.array(z.looseObject({ expr: z.string() })),
      fieldConfig: z.looseObject({
        defaults: z.looseObject({
          thresholds: z
            .looseObject({ steps: z.array(z.looseObject({ color: z.string() })) })
            .optional(),
        }),
      }),
    }),
  ),
});
const { panels } = dashboard.parse(JSON.parse(readFileSync(`${folder}dashboard.json`, 'utf8')));
const firstQuery = (title: string) =>
  panels.find((panel) => panel.title === title)?.targets[0]?.expr ?? '';

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

  it('are panels of a dashboard whose every query it understands', () => {
    const rules = panels.flatMap(({ targets }) =>
      targets.map(({ expr }, index) => ({ record: `panel_${index}`, expr })),
    );
    const file = join(scratch, 'panels.yaml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    // The same name may stand twice: queries differ.
    expect(promtool(['check', 'rules', file])).toMatchObject({ status: 0 });
  });

  it('are first panels that show a dead process, in red, when its series are absent', () => {
    const [of = '', legend = ''] = [firstQuery('Up'), firstQuery('Who leads')];
    const values = { up: '1 1 1 0x5', gone: '1 1 1 stale', leader: '1 1 1 stale' };
    const test = {
      interval: '1m',
      input_series: [
        { series: 'up{job="heavylift",instance="a"}', values: values.up },
        { series: 'up{job="heavylift",instance="b"}', values: values.gone },
        { series: 'heavylift_leader{role="dispatcher",instance="a"}', values: values.leader },
      ],
      promql_expr_test: [
        {
          expr: of,
          eval_time: '6m',
          exp_samples: ['a', 'b'].map((instance) => ({
            labels: `{job="heavylift",instance="${instance}"}`,
            value: 0,
          })),
        },
        { expr: legend, eval_time: '2m', exp_samples: [{ labels: '{}', value: 1 }] },
        { expr: legend, eval_time: '6m', exp_samples: [{ labels: '{}', value: 0 }] },
      ],
    };
    const file = join(scratch, 'panels.test.yaml');
    writeFileSync(file, JSON.stringify({ evaluation_interval: '1m', tests: [test] }));
    expect(promtool(['test', 'rules', file]).output).toContain('SUCCESS');
  });

  it('are alerts that fire when they should, and only then', () => {
    const { status, output } = promtool(['test', 'rules', 'alerts.test.yaml']);
    expect(output).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('alerts and dashboard', () => {
  it('the dashboard starts with what is up, ready, leads, fails and is not delivered', () => {
    const first = panels.filter(({ gridPos }) => gridPos.y === 0);
    expect(first.map(({ title }) => title)).toEqual([
      ...['Up', 'Ready', 'Who leads', 'Lifters', 'Fail, in 15 min', 'Not delivered'],
    ]);
    for (const { title, fieldConfig } of first.slice(0, 4))
      expect([title, fieldConfig.defaults.thresholds?.steps[0]?.color]).toEqual([title, 'red']);
  });

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
