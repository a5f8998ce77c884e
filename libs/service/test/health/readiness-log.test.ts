import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readinessLog } from '../../src/health/readiness-log.js';
import { createHealth } from '../../src/index.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('the log says once what a service waits for, and when it is ready again', async () => {
  const health = createHealth();
  let complaint: string | undefined;
  health.require('service', () => undefined);
  health.require('read heavylift/results', () => complaint);
  const lines: unknown[] = [];
  const part = readinessLog(health, {
    warn: (...line: unknown[]) => void lines.push(line),
    info: (...line: unknown[]) => void lines.push(line),
  });
  await part.start(new AbortController().signal);
  vi.advanceTimersByTime(20_000);
  expect(lines).toEqual([]);
  complaint = 'cannot be read: forbidden';
  vi.advanceTimersByTime(20_000);
  complaint = undefined;
  vi.advanceTimersByTime(20_000);
  await part.stop();
  complaint = 'again';
  vi.advanceTimersByTime(20_000);
  expect(lines).toEqual([
    [{ waitsFor: { 'read heavylift/results': 'cannot be read: forbidden' } }, 'not ready'],
    ['ready again'],
  ]);
});
