import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import type { JobMark } from '@heavylift/jobs';
import { type Provisioned, provision } from '@heavylift/provision';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Crew, createRequester, type Requester, startCrew } from '../../src/index.js';
import { startCollector } from '../support/collector.js';

const tls = { allowPlaintextOnLoopback: true };
const words = 'a-secret-of-ada';
const waiting = { timeout: 30_000, interval: 100 };
type Line = Readonly<Record<string, unknown>>;

let server: EjabberdServer;
let provisioned: Provisioned;
let collector: Awaited<ReturnType<typeof startCollector>>;
let logs: string;
let crew: Crew;
let ada: Requester;
let jobs: JobMark[] = [];

const names = ['dispatcher-1', 'dispatcher-2', 'notifier-1', 'lifter-1'] as const;
type Name = (typeof names)[number];

const logOf = (name: Name): Promise<string> => readFile(join(logs, `${name}.log`), 'utf8');

async function linesOf(name: Name): Promise<Line[]> {
  const lines = (await logOf(name)).split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): Line => JSON.parse(line));
}

async function get(name: Name, path: string): Promise<Response> {
  const serving = (await linesOf(name)).find(({ msg }) => msg === 'serving health and metrics');
  return fetch(`${serving?.['url']}${path}`);
}

/** Samples by their name and labels, as Prometheus would read them now. */
async function scrape(name: Name): Promise<ReadonlyMap<string, number>> {
  const lines = (await (await get(name, '/metrics')).text()).split('\n');
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

async function samples(name: Name, wanted: Readonly<Record<string, number>>): Promise<void> {
  await vi.waitFor(async () => {
    const found = await scrape(name);
    expect(Object.fromEntries(Object.keys(wanted).map((key) => [key, found.get(key)]))).toEqual(
      wanted,
    );
  }, waiting);
}

beforeAll(async () => {
  logs = await mkdtemp(join(tmpdir(), 'heavylift-observation-'));
  [server, collector] = await Promise.all([startEjabberd(), startCollector()]);
  const { service, domain, pubsub: pubsubJid } = server;
  provisioned = await provision({
    ...{ service, domain, pubsubJid, tls, admin: server.admin },
    lifters: 1,
    extraUsers: [{ username: 'ada', password: 'a-password-of-ada' }],
  });
  crew = await startCrew({
    ...{ provisioned, logs, dispatchers: 2, notifiers: 1, lifters: 1, slots: 2 },
    env: (role) => ({
      HEALTH_PORT: '0',
      LOG_LEVEL: 'debug',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
      ...(role === 'dispatcher' && { DISPATCHER_MAX_BACKLOG_PER_REQUESTER: '4' }),
      ...(role === 'lifter' && {
        LIFTER_COMMANDS: fileURLToPath(new URL('../support/flaky.yaml', import.meta.url)),
      }),
    }),
  });
  for (const name of names)
    await vi.waitFor(async () => expect((await get(name, '/readyz')).status).toBe(200), waiting);
  ada = createRequester({
    session: { service, domain, tls, username: 'ada', password: 'a-password-of-ada' },
    bot: provisioned.accounts.bot.jid,
    onAnswered: () => undefined,
    onTold: ({ job }) => jobs.push(job),
  });
  await ada.session.start();
  await vi.waitFor(async () => {
    const lead = await Promise.all([scrape('dispatcher-1'), scrape('dispatcher-2')]);
    const lifters = lead.map((found) => found.get('heavylift_lifters{state="working"}'));
    expect(lifters).toContain(1);
  }, waiting);
  jobs = [];
  await ada.ask('lift count=1');
  await ada.ask('lift count=2 step=0.01');
  await ada.ask(`flaky note=${words}`);
  await vi.waitFor(() => expect(jobs).toHaveLength(3), waiting);
});

afterAll(async () => {
  await ada?.stop();
  await crew?.stop();
  await server?.stop();
  await collector?.stop();
  await rm(logs, { recursive: true });
});

async function leader(): Promise<'dispatcher-1' | 'dispatcher-2'> {
  const first = await scrape('dispatcher-1');
  return first.get('heavylift_leader{role="dispatcher"}') === 1 ? 'dispatcher-1' : 'dispatcher-2';
}

describe('what services show of themselves', () => {
  it('is that all of them are ready, the standby too, and that one leads', async () => {
    for (const name of names) {
      const report = await get(name, '/readyz');
      expect([report.status, await report.json()]).toEqual([
        200,
        expect.objectContaining({ ready: true }),
      ]);
      await samples(name, { heavylift_ready: 1, 'heavylift_session_online{session="xmpp"}': 1 });
    }
    const leading = 'heavylift_leader{role="dispatcher"}';
    const found = await Promise.all([scrape('dispatcher-1'), scrape('dispatcher-2')]);
    expect(found.map((one) => one.get(leading)).sort()).toEqual([0, 1]);
    await samples('notifier-1', { 'heavylift_leader{role="notifier"}': 1 });
  });

  it('is what the dispatcher took in and gave out', async () => {
    const name = await leader();
    await samples(name, {
      'heavylift_jobs_accepted_total{handler="lift"}': 2,
      'heavylift_jobs_accepted_total{handler="flaky"}': 1,
      'heavylift_jobs_ended_total{handler="lift",outcome="succeeded"}': 2,
      'heavylift_jobs_ended_total{handler="flaky",outcome="succeeded"}': 1,
      'heavylift_job_retries_total{handler="flaky"}': 1,
      'heavylift_job_wait_seconds_count{handler="flaky"}': 1,
      'heavylift_job_total_seconds_count{handler="lift",outcome="succeeded"}': 2,
      'heavylift_jobs_pending{handler="lift"}': 0,
      'heavylift_jobs_assigned{handler="lift"}': 0,
      'heavylift_jobs_oldest_pending_age_seconds{handler="lift"}': 0,
      'heavylift_slots{state="busy"}': 0,
      'heavylift_slots{state="free"}': 2,
    });
    const found = await scrape(name);
    expect(found.get('heavylift_sheet_jobs_sum')).toBeGreaterThanOrEqual(3);
    const sheets = found.get('heavylift_sheet_jobs_count');
    expect(found.get('heavylift_ledger_publish_seconds_count')).toBeGreaterThanOrEqual(sheets ?? 9);
    expect([...found.keys()].filter((key) => key.includes('stalls'))).toEqual([]);
  });

  it('is what the lifter ran', async () => {
    await samples('lifter-1', {
      heavylift_lifter_slots: 2,
      'heavylift_lifter_running{handler="lift"}': 0,
      heavylift_lifter_unreported: 0,
      'heavylift_lifter_run_seconds_count{handler="lift",outcome="succeeded"}': 2,
      'heavylift_lifter_run_seconds_count{handler="flaky",outcome="failed"}': 1,
      'heavylift_lifter_run_seconds_count{handler="flaky",outcome="succeeded"}': 1,
    });
  });

  it('is whom the notifier told', async () => {
    await samples('notifier-1', {
      'heavylift_told_total{outcome="succeeded"}': 3,
      heavylift_untold: 0,
      heavylift_tell_seconds_count: 3,
    });
  });

  it('is jobs that run, jobs that wait and requests that are refused, while they are', async () => {
    const name = await leader();
    for (let n = 0; n < 6; n += 1) await ada.ask('lift count=600');
    await samples(name, {
      'heavylift_jobs_pending{handler="lift"}': 2,
      'heavylift_jobs_assigned{handler="lift"}': 2,
      'heavylift_requests_refused_total{reason="full"}': 2,
      'heavylift_slots{state="free"}': 0,
    });
    await samples('lifter-1', { 'heavylift_lifter_running{handler="lift"}': 2 });
    expect(
      (await scrape(name)).get('heavylift_jobs_oldest_pending_age_seconds{handler="lift"}'),
    ).toBeGreaterThan(0);
  });
});

describe('the log', () => {
  it('names a job and its trace the same way in every service', async () => {
    const job = jobs.find(({ number }) => number === 3)?.id;
    const about = { job, number: 3, kind: 'flaky', trace: expect.stringMatching(/^[0-9a-f]{32}$/) };
    const named = async (name: Name) => (await linesOf(name)).filter((line) => line['job'] === job);
    const lines = [
      ...(await named(await leader())),
      ...(await named('lifter-1')),
      ...(await named('notifier-1')),
    ];
    const traces = new Set(lines.map(({ trace }) => trace));
    expect(traces.size).toBe(1);
    const given = expect.stringMatching(`^00-${[...traces].join()}-[0-9a-f]{16}-01$`);
    expect(lines.map(({ msg, attempt }) => [msg, attempt])).toEqual([
      ['accepted', 1],
      ['given to a lifter', 1],
      ['attempt failed, trying again', 1],
      ['given to a lifter', 2],
      ['ended', 2],
      ['delivered: its requester has been told', 2],
      ['started', 1],
      [given, 1],
      ['ended', 1],
      ['started', 2],
      [given, 2],
      ['ended', 2],
      ['told', 2],
    ]);
    for (const line of lines) expect(line).toMatchObject(about);
  });

  it('holds no password, and nothing that people wrote', async () => {
    const { bot, notifier, lifters } = provisioned.accounts;
    const secrets = [bot, notifier, ...lifters].map(({ password }) => password);
    for (const name of names) {
      const log = await logOf(name);
      for (const secret of [...secrets, words]) expect(log).not.toContain(secret);
    }
  });
});

describe('traces, exported by OTLP', () => {
  const spansOf = (trace: unknown) =>
    collector.spans
      .filter(({ traceId }) => traceId === trace)
      .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));

  it('show a whole job: its acceptance, and below it each attempt and the telling', async () => {
    const job = jobs.find(({ number }) => number === 3)?.id;
    const trace = (await linesOf('lifter-1')).find((line) => line['job'] === job)?.['trace'];
    await vi.waitFor(() => expect(spansOf(trace)).toHaveLength(4), waiting);
    const [accept, ...below] = spansOf(trace);
    expect(accept).toMatchObject({ service: 'heavylift-dispatcher', name: 'accept' });
    expect(accept?.parentSpanId).toBeUndefined();
    expect(below).toMatchObject([
      { service: 'heavylift-lifter', name: 'run', attributes: { 'job.attempt': 1 } },
      { service: 'heavylift-lifter', name: 'run', attributes: { 'job.attempt': 2 } },
      { service: 'heavylift-notifier', name: 'tell', attributes: { 'job.status': 'succeeded' } },
    ]);
    for (const span of [accept, ...below])
      expect(span?.attributes).toMatchObject({ 'job.id': job, 'job.kind': 'flaky' });
    for (const { parentSpanId } of below) expect(parentSpanId).toBe(accept?.spanId);
    expect(below.map(({ status }) => status.code)).toEqual([2, 1, 1]);
  });

  it('are what a handler hands on: its attempt is the parent there', async () => {
    const job = jobs.find(({ number }) => number === 3)?.id;
    const lines = (await linesOf('lifter-1')).filter((line) => line['job'] === job);
    const given = lines.map(({ msg }) => String(msg)).filter((msg) => msg.startsWith('00-'));
    const runs = spansOf(lines[0]?.['trace']).filter(({ name }) => name === 'run');
    expect(given).toEqual(runs.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`));
  });

  it('go where and as the configuration says, and are counted', async () => {
    expect([...collector.paths]).toEqual(['POST /v1/traces a b']);
    // They are counted when the collector has confirmed them.
    await vi.waitFor(async () => {
      const exported = (await scrape('lifter-1')).get('heavylift_spans_total{outcome="exported"}');
      expect(exported).toBeGreaterThanOrEqual(4);
    }, waiting);
  });
});
