import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, type Program, type Run, run } from './fixture/program.js';

let program: Program;
let folder: string;
beforeAll(async () => {
  program = await compile('main');
  folder = mkdtempSync(join(tmpdir(), 'heavylift-run-'));
}, 60_000);
afterAll(async () => {
  for (const { child } of runs) child.kill('SIGKILL');
  await Promise.all(runs.map(({ ended }) => ended));
  program.remove();
  rmSync(folder, { recursive: true });
});

const runs: Run[] = [];
function start(env: Readonly<Record<string, string>> = {}, ...args: readonly string[]): Run {
  const started = run(program, env, args);
  runs.push(started);
  return started;
}

const cleanLife = [
  'floor started',
  'work started',
  'ready',
  'stopping',
  'work stopping',
  'work stopped',
  'floor stopped',
  'stopped',
];

describe('a service', { timeout: 30_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops in order and exits 0 on %s', async (signal) => {
    const { child, ended, logged, messages } = start();
    await logged('ready');
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(messages()).toEqual(cleanLife);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('does not wait any longer on a second %s, and exits %i', async (signal, code) => {
    const { child, ended, logged, messages } = start({ FIXTURE_STOP: 'never' });
    await logged('ready');
    child.kill(signal);
    await logged('work stopping');
    child.kill(signal);
    expect(await ended).toMatchObject({ code });
    expect(messages()).not.toContain('floor stopped');
  });

  it("takes a terminal's SIGINT and its parent's SIGTERM right after it for one request", async () => {
    const { child, ended, logged, messages } = start();
    await logged('ready');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
    expect(messages()).toEqual(cleanLife);
  });

  it('exits 0 when its work is done', async () => {
    const { ended, messages } = start({ FIXTURE_ACT: 'done' });
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(messages()).toEqual(cleanLife);
  });

  it.each([
    ['fail', 'stopping: bar is bent'],
    ['throw', 'stopping: uncaught'],
    ['reject', 'stopping: unheard'],
  ])('stops in order, says why and exits 1 when it cannot go on (%s)', async (act, message) => {
    const { ended, messages } = start({ FIXTURE_ACT: act });
    expect(await ended).toMatchObject({ code: 1 });
    expect(messages()).toEqual(cleanLife.with(3, message));
  });

  it('undoes a start that failed and exits 1', async () => {
    const { ended, messages } = start({ FIXTURE_ACT: 'no-start' });
    expect(await ended).toMatchObject({ code: 1 });
    expect(messages()).toEqual([
      'floor started',
      'work stopping',
      'work stopped',
      'floor stopped',
      'stopping: work could not be started: no power',
      'stopped',
    ]);
  });

  it('exits 1 if it was put together wrongly, with nothing started', async () => {
    const { ended, messages } = start({ FIXTURE_ACT: 'no-module' });
    expect(await ended).toMatchObject({ code: 1 });
    expect(messages()[0]).toContain('Symbol(work)');
    expect(messages()).not.toContain('floor started');
  });

  it.each([
    ['never', 'stopping: work did not stop within 300 ms'],
    ['badly', 'bar stuck'],
  ])('stops the rest and exits 1 if a part stops %s', async (how, reason) => {
    const { child, ended, logged, messages } = start({ FIXTURE_STOP: how });
    await logged('ready');
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    expect(code).toBe(1);
    expect(stdout).toContain(reason.replace('stopping: ', ''));
    expect(messages()).toContain('floor stopped');
  });

  it('writes its log in order, up to the last line', async () => {
    const { ended, messages } = start({ FIXTURE_ACT: 'chatter' });
    await ended;
    const lines = Array.from({ length: 2_000 }, (_, n) => `line ${n}`);
    expect(messages().slice(2)).toEqual([
      ...lines,
      'ready',
      'stopping: out of breath',
      'work stopping',
      'work stopped',
      'floor stopped',
      'stopped',
    ]);
  });

  it('does not mind if nobody reads its log any more', async () => {
    const { child, ended, logged } = start();
    await logged('ready');
    child.stdout?.destroy();
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('exits even if something was left open, and says so', async () => {
    const { ended, messages } = start({ FIXTURE_ACT: 'leak' });
    expect(await ended).toMatchObject({ code: 0 });
    expect(messages().at(-1)).toBe('left open; exiting all the same');
  });
});

describe('its health', { timeout: 30_000 }, () => {
  it('is served nowhere unless a port is given', async () => {
    const { child, ended, logged, messages } = start();
    await logged('ready');
    child.kill('SIGTERM');
    await ended;
    expect(messages()).not.toContain('serving health and metrics');
  });

  it('is served from before the first start to after the last stop', async () => {
    const { child, ended, logged, logLines, messages } = start({
      HEALTH_PORT: '0',
      FIXTURE_STOP: 'never',
    });
    await logged('serving health and metrics');
    expect(messages()[0]).toBe('serving health and metrics');
    const [, url = ''] = /"url":"([^"]+)"/.exec(logLines().join('\n')) ?? [];
    await logged('ready');
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      ready: true,
      conditions: { service: 'ok' },
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nheavylift_ready 1\n');
    child.kill('SIGTERM');
    await logged('work stopping');
    const stopping = await fetch(`${url}/readyz`);
    expect(stopping.status).toBe(503);
    expect(await stopping.json()).toEqual({ ready: false, conditions: { service: 'stopping' } });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await ended;
  });

  it('ends with the service, and leaves nothing open', async () => {
    const { ended, messages } = start({ HEALTH_PORT: '0', FIXTURE_ACT: 'done' });
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(messages()).toEqual(['serving health and metrics', ...cleanLife]);
  });
});

describe('its configuration', { timeout: 30_000 }, () => {
  it('if wrong, is told on standard error and gives exit code 2, with nothing started', async () => {
    const { ended } = start({ FIXTURE_ACT: 'dance', FIXTURE_STOPP: 'x', LOG_LEVEL: 'loud' });
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^fixture: 3 problems in the configuration:\n/);
    expect(stderr).not.toContain('    at ');
  });

  it.each(['--config', 'CONFIG_FILE'])('may stand in a file named by %s', async (way) => {
    const file = join(folder, 'fixture.env');
    writeFileSync(file, 'FIXTURE_ACT=done\nLOG_LEVEL=warn\n');
    const { ended } = way === '--config' ? start({}, way, file) : start({ [way]: file });
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  it('can be checked without running anything', async () => {
    const file = join(folder, 'checked.env');
    writeFileSync(file, 'FIXTURE_ACT=done\n');
    const env = { FIXTURE_KEY: 's3cret', HEALTH_HOST: '::1' };
    const { code, stdout, stderr } = await start(env, '--check-config', '--config', file).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['fixture: the configuration is right.'],
      [''],
      ['FIXTURE_ACT', 'done', file],
      ['FIXTURE_STOP', 'at-once', 'default'],
      ['FIXTURE_KEY', '********', 'environment'],
      ['LOG_LEVEL', 'info', 'default'],
      ['HEALTH_PORT', '(they are not served)', 'not given'],
      ['HEALTH_HOST', '::1', 'environment'],
      [
        'HEALTH_ALLOWED_HOSTS',
        '(no others: a web page that leads a name of its own here is refused)',
        'not given',
      ],
      ['OTEL_EXPORTER_OTLP_ENDPOINT', '(none are made)', 'not given'],
      ['OTEL_EXPORTER_OTLP_HEADERS', '(none)', 'not given'],
      ['OTEL_SERVICE_NAME', '(heavylift- and the name of the service)', 'not given'],
    ]);
    expect(await start({ FIXTURE_ACT: 'dance' }, '--check-config').ended).toMatchObject({
      code: 2,
    });
  });

  it('is explained by --help', async () => {
    const { code, stdout } = await start({}, '--help').ended;
    expect(code).toBe(0);
    expect(stdout).toContain(
      'FIXTURE_STOP\n      How it stops.\n      one of at-once, never, badly;',
    );
    expect(stdout).toContain('LOG_LEVEL');
  });

  it('does not take an argument that it does not know', async () => {
    const { code, stderr } = await start({}, '--verbose').ended;
    expect(code).toBe(2);
    expect(stderr).toContain('--verbose');
  });
});
