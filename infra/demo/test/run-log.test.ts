import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRunLog, parseLogLine } from '../src/run-log.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heavylift-run-log-'));
});
afterEach(() => rm(dir, { recursive: true }));

it('holds one JSON object a line, also of what is none', async () => {
  const log = await openRunLog(join(dir, 'logs'));
  log.write('lifter', '{"level":30,"msg":"ready"}');
  log.write('lifter', 'Error: out of breath');
  await log.close();
  const lines = (await readFile(log.path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { level: 30, msg: 'ready' },
    { time: expect.any(Number), name: 'lifter', msg: 'Error: out of breath' },
  ]);
});

it('takes no more lines once it is closed', async () => {
  const log = await openRunLog(dir);
  await log.close();
  log.write('lifter', 'late');
  await log.close();
  expect(await readFile(log.path, 'utf8')).toBe('');
});

it('removes the oldest logs beyond twenty, and nothing else', async () => {
  for (let day = 10; day < 40; day += 1) await writeFile(join(dir, `2020-01-${day}.log`), '');
  await writeFile(join(dir, 'notes.txt'), '');
  const log = await openRunLog(dir);
  await log.close();
  const names = await readdir(dir);
  expect(names).toHaveLength(21);
  expect(names).toContain('notes.txt');
  expect(names).toContain('2020-01-39.log');
  expect(names).not.toContain('2020-01-20.log');
});

it('knows a log line when it sees one', () => {
  expect(parseLogLine('{"msg":"ready"}')).toEqual({ msg: 'ready' });
  expect(parseLogLine('{}')).toEqual({ msg: undefined });
  expect(parseLogLine('{ not json')).toBeUndefined();
  expect(parseLogLine('[1]')).toBeUndefined();
});
