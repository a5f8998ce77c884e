import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Jobs } from '../../src/index.js';
import { chromium, openPage } from './chromium.js';
import { example, run, runNode } from './programs.js';
import { patience, type System, startSystem } from './system.js';

const isRequired = process.env['CI'] !== undefined;
/** Debian's own: other Pythons do not see its packages. */
const python = '/usr/bin/python3';
const hasSlixmpp = spawnSync(python, ['-c', 'import slixmpp']).status === 0;

let system: System;
let ann: Jobs;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heavylift-examples-'));
  system = await startSystem();
  await system.ready();
  ann = await system.connect('ann');
});
afterAll(async () => {
  await system?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A web server on this machine. */
async function serve(
  answer: (
    path: string,
    headers: IncomingHttpHeaders,
    body: string,
  ) => Promise<{ status: number; type?: string; body?: Buffer }>,
) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { status, type, body: sent } = await answer(request.url ?? '/', request.headers, body);
    response.writeHead(status, type === undefined ? {} : { 'content-type': type });
    response.end(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe('the webhook', () => {
  it('posts each result, signed, until it is taken, and goes on where it was killed', async () => {
    const secret = "the receiver's";
    const posted: { job: string; number: number; key: unknown }[] = [];
    const taken: number[] = [];
    let refusals = 2;
    const receiver = await serve(async (_, headers, body) => {
      const [, time = '', signature] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['heavylift-signature'])) ?? [];
      const expected = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
      if (signature !== expected || Math.abs(Date.now() / 1_000 - Number(time)) > 300)
        return { status: 401 };
      const { job, number }: { job: string; number: number } = JSON.parse(body);
      posted.push({ job, number, key: headers['idempotency-key'] });
      refusals -= 1;
      if (refusals >= 0) return { status: 503 };
      taken.push(number);
      return { status: 204 };
    });
    const start = () =>
      runNode(
        example('webhook/webhook.mjs'),
        [receiver.url, join(dir, 'webhook.position')],
        system.account('ray'),
        { WEBHOOK_SECRET: secret },
      );
    const first = ann.submit('add', { a: 1 });
    await first;
    let program = start();
    const arrived = (number: number | undefined) =>
      vi.waitFor(() => expect(taken, program.output.err).toContain(number), patience);
    await arrived(first.number);
    expect(program.output.err.match(/the server says 503; again in/g)?.length).toBe(2);
    expect(posted.slice(0, 3).map(({ number }) => number)).toEqual(
      Array.from({ length: 3 }, () => posted[0]?.number),
    );
    for (const { job, key } of posted) expect(key).toBe(job);
    // The position is written after the answer has come.
    const { number = 0 } = first;
    await vi.waitFor(async () => {
      const position = await readFile(join(dir, 'webhook.position'), 'utf8');
      expect(position).toMatch(new RegExp(`(^|[-,])${number}$`));
    }, patience);
    await program.kill();
    const second = ann.submit('add', { a: 2 });
    await second;
    program = start();
    await arrived(second.number);
    await program.kill();
    await receiver.stop();
    expect(new Set(taken).size).toBe(taken.length);
  });
});

describe.skipIf(!isRequired && !hasSlixmpp)('the subscriber in Python (python3-slixmpp)', () => {
  it('shows what the node keeps and what comes, each once', async () => {
    const before = ann.submit('add', { a: 1 });
    await before;
    const { service = '', username, domain, password } = system.account('ray');
    const { hostname, port } = new URL(service);
    const args = [example('slixmpp/subscriber.py'), `${username}@${domain}/python`, hostname, port];
    const program = run(python, args, { XMPP_PASSWORD: password });
    const shown = () =>
      program.output.out
        .split('\n')
        .filter(Boolean)
        .map((line): Record<string, unknown> => JSON.parse(line));
    const shows = (expected: object) =>
      vi.waitFor(
        () => expect(shown(), program.output.err).toContainEqual(expect.objectContaining(expected)),
        patience,
      );
    await shows({ number: String(before.number), value: { sum: 1, label: '' } });
    const failing = ann.submit('fail');
    const after = ann.submit('add', { a: 2 });
    await after;
    await shows({ number: String(after.number), job: after.id, status: 'succeeded' });
    await failing.accepted;
    await shows({
      number: String(failing.number),
      error: expect.objectContaining({ class: 'RangeError', message: 'too heavy' }),
    });
    const jobs = shown().map(({ job }) => job);
    expect(new Set(jobs).size).toBe(jobs.length);
    await program.kill();
  });
});

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

describe.skipIf(!isRequired && chromium === undefined)('the page in a browser (chromium)', () => {
  it('submits jobs and shows results over WebSocket (RFC 7395)', async () => {
    const outDir = join(dir, 'page');
    await build({
      root: example('browser'),
      base: './',
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true },
    });
    const site = await serve(async (path) => {
      const file = path === '/' ? '/index.html' : path;
      const body = await readFile(join(outDir, file)).catch(() => undefined);
      if (body === undefined) return { status: 404 };
      return { status: 200, type: types[extname(file)] ?? 'application/octet-stream', body };
    });
    const page = await openPage(site.url);
    const fill = (form: string, values: object) =>
      page.evaluate(`(() => {
        const form = document.getElementById(${JSON.stringify(form)});
        for (const [name, value] of Object.entries(${JSON.stringify(values)}))
          form.elements[name].value = value;
        form.requestSubmit();
      })()`);
    const text = (id: string) => page.evaluate(`document.getElementById('${id}').textContent`);
    const shows = (id: string, expected: string | RegExp) =>
      vi.waitFor(async () => {
        const shown = String(await text(id));
        const state = `${await text('state')} ${page.exceptions.join()}`;
        if (typeof expected === 'string') expect(shown, state).toContain(expected);
        else expect(shown, state).toMatch(expected);
      }, patience);
    try {
      // Its script has run then, too.
      await vi.waitFor(async () => {
        expect(await page.evaluate('document.readyState')).toBe('complete');
        expect(await text('state')).toBe('not logged in');
      }, patience);
      const { username, password, domain } = system.account('ray');
      await fill('login', { service: system.server.websocket, domain, username, password });
      await shows('state', 'logged in as ray@localhost/');
      await fill('submit', { command: 'add', args: 'a=2&b=3&label=from a page' });
      await shows('jobs', /#\d+ add: \{"sum":5,"label":"from a page"\}/);
      await fill('submit', { command: 'fail', args: '' });
      await shows('jobs', 'failed: too heavy');
      await fill('submit', { command: 'wait', args: 'ms=2000' });
      await shows('jobs', 'of 10, waiting');
      const other = ann.submit('add', { a: 9 });
      await other;
      await shows('results', `#${other.number} add: succeeded`);
      // Another ejabberd, the same page.
      await system.server.restart();
      const later = ann.submit('add', { a: 10 });
      await later;
      await shows('results', `#${later.number} add: succeeded`);
      expect(page.exceptions).toEqual([]);
    } finally {
      await page.close();
      await site.stop();
    }
  });
});
