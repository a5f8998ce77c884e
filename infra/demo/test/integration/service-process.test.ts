import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// As built: services load a compiled module of ours before they start.
import { openRunLog, type RunLog } from '../../dist/run-log.js';
import { type ServiceProcess, startService } from '../../dist/service-process.js';
import { isRunning, until } from '../support/processes.js';

const ready = `console.log(JSON.stringify({ level: 30, msg: 'ready' }));`;
const stay = 'setInterval(() => undefined, 1000);';

describe('a service as a process', () => {
  let dir: string;
  let log: RunLog;
  const started: ServiceProcess[] = [];

  const start = async (code: string, graceMs = 5_000): Promise<ServiceProcess> => {
    const main = join(dir, 'main.mjs');
    await writeFile(main, code);
    const env = { XMPP_PASSWORD: 'secret' };
    const service = await startService({ name: 'stub', main, env, log, graceMs });
    started.push(service);
    return service;
  };
  const logged = async (): Promise<string> => {
    await log.close();
    return readFile(log.path, 'utf8');
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heavylift-demo-test-'));
    log = await openRunLog(dir);
  });
  afterEach(async () => {
    for (const service of started.splice(0)) await service.stop();
    await log.close();
    await rm(dir, { recursive: true });
  });

  it('is ready when it logs so, and stops when asked to', async () => {
    const service = await start(
      `process.on('SIGTERM', () => { console.log('{"msg":"bye"}'); process.exit(0); }); ${ready} ${stay}`,
    );
    await service.ready;
    expect(isRunning(service.pid)).toBe(true);
    await service.stop();
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(isRunning(service.pid)).toBe(false);
    expect(await logged()).toBe('{"level":30,"msg":"ready"}\n{"msg":"bye"}\n');
  });

  it('is forced to end when it does not stop', async () => {
    const service = await start(`process.on('SIGTERM', () => undefined); ${ready} ${stay}`, 200);
    await service.ready;
    await service.stop();
    expect(await service.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('says how it ended before it was ready, and leaves its last words in the log', async () => {
    const service = await start(`throw new Error('out of breath')`);
    await expect(service.ready).rejects.toThrow('stub ended before it was ready (exit code 1).');
    await service.stop();
    const lines = (await logged()).trimEnd().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ name: 'stub', msg: 'Error: out of breath' }),
    );
  });

  it('has our environment and its own, but nothing that is for the demo only', async () => {
    process.env['HEAVYLIFT_ADMIN_PASSWORD'] = 'not for services';
    try {
      const service = await start(
        `console.log(JSON.stringify({ msg: Object.keys(process.env).sort().join() })); ${ready}`,
      );
      await service.ready;
      await service.stop();
      const text = await logged();
      expect(text).toContain('PATH');
      expect(text).toContain('XMPP_PASSWORD');
      expect(text).not.toContain('HEAVYLIFT_');
    } finally {
      delete process.env['HEAVYLIFT_ADMIN_PASSWORD'];
    }
  });

  it('is no reason to stay for a service that has nothing more to do', async () => {
    const service = await start(ready);
    expect(await service.ended).toEqual({ code: 0, signal: null });
  });

  it('ends when whoever started it was killed', async () => {
    const main = join(dir, 'service.mjs');
    await writeFile(main, `import 'node:worker_threads'; ${ready} ${stay}`);
    const module = (name: string) =>
      JSON.stringify(new URL(`../../dist/${name}.js`, import.meta.url).href);
    const starter = join(dir, 'starter.mjs');
    await writeFile(
      starter,
      `import { openRunLog } from ${module('run-log')};
       import { startService } from ${module('service-process')};
       const log = await openRunLog(${JSON.stringify(dir)});
       const service = await startService({
         name: 'stub', main: ${JSON.stringify(main)}, env: {}, log,
       });
       await service.ready;
       console.log(service.pid);`,
    );
    const parent = spawn(process.execPath, [starter], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = await once(parent.stdout, 'data');
    expect(isRunning(Number(String(pid)))).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isRunning(Number(String(pid))));
  });

  it('has worker threads that do not watch standard input too', async () => {
    const worker = pathToFileURL(join(dir, 'worker.mjs')).href;
    await writeFile(join(dir, 'worker.mjs'), `setTimeout(() => undefined, 500);`);
    const service = await start(
      `import { Worker } from 'node:worker_threads';
       new Worker(new URL(${JSON.stringify(worker)})).on('exit', () => process.exit(7));`,
    );
    expect(await service.ended).toEqual({ code: 7, signal: null });
  });
});
