import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/commands/command.js';
import { runCommand } from '../../src/commands/run.js';
import type { FromHandler } from '../../src/runner/protocol.js';

/** Runs a line of shell: the program under test is whatever a program may do. */
function run(
  script: string,
  more: Partial<Command> = {},
  abort?: AbortSignal,
  killed?: AbortSignal,
) {
  const messages: FromHandler[] = [];
  const command: Command = {
    program: '/bin/sh',
    argv: ['-c', script, 'sh', '{word}'],
    fields: { word: { type: 'text', required: false } },
    directory: '/',
    environment: { PATH: '/usr/bin:/bin' },
    outputLimit: 1_000_000,
    tail: 100,
    finalCodes: [2],
    progress: { type: 'none' },
    ...more,
  };
  const job = { id: 'a-job', number: 7 };
  const args = { word: 'a b; $x' };
  const task = {
    handler: 'sh',
    work: { type: 'command', command },
    args,
    job,
    attempt: 2,
  } as const;
  const ended = runCommand(task, command, {
    signal: abort ?? new AbortController().signal,
    killed: killed ?? new AbortController().signal,
    tell: (message) => messages.push(message),
  });
  return { ended, messages };
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const waitFor = (condition: () => unknown) =>
  expect.poll(condition, { timeout: 5_000 }).toBeTruthy();

describe('the exit code', () => {
  it('0 is success, with the end of the output', async () => {
    const { ended, messages } = run('echo "$1"; pwd');
    expect(await ended).toEqual({
      type: 'returned',
      value: { exitCode: 0, output: 'a b; $x\n/' },
    });
    expect(messages).toContainEqual({ type: 'log', level: 'info', message: '/', stream: 'stdout' });
  });

  it.each([
    [
      'listed as final',
      'echo no such file >&2; exit 2',
      'FinalError',
      'exit code 2: no such file',
      true,
    ],
    ['any other', 'echo busy; exit 7', 'CommandError', 'exit code 7: busy', undefined],
    ['none, for a signal', 'kill -9 $$', 'CommandError', 'ended by SIGKILL', undefined],
  ])('%s', async (_what, script, name, message, final) => {
    const error = { class: name, message, ...(final && { final }) };
    expect(await run(script).ended).toEqual({ type: 'threw', error });
  });
});

it('the program is given the environment that is listed, and what it is run for', async () => {
  const { ended } = run('/usr/bin/env | /usr/bin/sort', { environment: { A: '1' }, tail: 1_000 });
  const how = await ended;
  expect(how).toMatchObject({ value: { output: expect.stringContaining('HEAVYLIFT_JOB=a-job') } });
  expect(how).toMatchObject({ value: { output: expect.stringMatching(/^A=1$/m) } });
  expect(JSON.stringify(how)).not.toContain('HOME=');
});

it('a program that is not there fails the attempt', async () => {
  expect(await run('', { program: '/no/such' }).ended).toMatchObject({
    type: 'threw',
    error: { message: expect.stringContaining('ENOENT') },
  });
});

describe('output', () => {
  it('stands in the result by its last bytes', async () => {
    const { ended } = run('seq 1 10000');
    const how = await ended;
    expect(how).toMatchObject({ value: { output: expect.stringMatching(/9999\n10000$/) } });
    expect(how.type === 'returned' && JSON.stringify(how.value).length).toBeLessThan(200);
  });

  it('beyond the limit ends the program', async () => {
    expect(await run('yes', { outputLimit: 100_000 }).ended).toMatchObject({
      type: 'threw',
      error: { final: true, message: 'the program wrote more than the 100000 bytes it may' },
    });
  });

  it('that matches the pattern is progress, the rest is logged', async () => {
    const pattern = '^(?<done>\\d+)/(?<total>\\d+) (?<note>.*)$';
    const { ended, messages } = run('echo begin; echo 3/10 copying', {
      progress: { type: 'pattern', pattern },
    });
    await ended;
    expect(messages).toEqual([
      { type: 'log', level: 'info', message: 'begin', stream: 'stdout' },
      { type: 'progress', done: 3, total: 10, note: 'copying' },
    ]);
  });

  it('may be progress line by line', async () => {
    const { ended, messages } = run('echo begin', { progress: { type: 'lines' } });
    await ended;
    expect(messages).toEqual([{ type: 'progress', done: 0, total: 0, note: 'begin' }]);
  });
});

describe('when it is to end', () => {
  const pidsIn = (messages: readonly FromHandler[]) =>
    messages.flatMap((said) => (said.type === 'log' ? [Number(said.message)] : []));

  it('the program and all that it started get SIGTERM', async () => {
    const controller = new AbortController();
    const { ended, messages } = run('sleep 600 & echo $!; echo $$; wait', {}, controller.signal);
    await waitFor(() => messages.length === 2);
    controller.abort('cancelled');
    expect(await ended).toMatchObject({ type: 'threw' });
    for (const pid of pidsIn(messages)) await waitFor(() => !isAlive(pid));
  });

  it('and SIGKILL if they do not heed it', async () => {
    const [ask, kill] = [new AbortController(), new AbortController()];
    const script =
      "trap '' TERM; (trap '' TERM; sleep 600) & echo $!; echo $$; while :; do sleep 1; done";
    const { ended, messages } = run(script, {}, ask.signal, kill.signal);
    await waitFor(() => messages.length === 2);
    ask.abort('cancelled');
    await sleep(200);
    expect(pidsIn(messages).every(isAlive)).toBe(true);
    kill.abort();
    expect(await ended).toMatchObject({ error: { message: expect.stringContaining('SIGKILL') } });
    for (const pid of pidsIn(messages)) await waitFor(() => !isAlive(pid));
  });

  it('nothing that it started outlives it, even if it ends well', async () => {
    const { ended, messages } = run('sleep 600 & echo $!');
    expect(await ended).toMatchObject({ type: 'returned' });
    for (const pid of pidsIn(messages)) await waitFor(() => !isAlive(pid));
  });
});
