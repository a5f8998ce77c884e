import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { compile, type Program, type Run, run } from '../fixture/program.js';

let program: Program;
let service: Run;

beforeAll(async () => {
  program = await compile('glutton');
  service = run(program);
}, 60_000);
afterAll(async () => {
  service.child.kill('SIGKILL');
  await service.ended;
  program.remove();
});

async function residentMiB(): Promise<number> {
  const status = await readFile(`/proc/${service.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

// By itself, V8 would begin with it after 100 s.
it('a service gives its memory back when it has nothing to do', async () => {
  await service.logged('ready');
  expect(await residentMiB()).toBeGreaterThan(150);
  const patient = { timeout: 60_000, interval: 500 };
  await vi.waitFor(async () => expect(await residentMiB()).toBeLessThan(100), patient);
}, 90_000);
