import type { JsonObject } from '@heavylift/jobs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Isolation } from '../../src/handlers/define.js';
import type { FromHandler, Task } from '../../src/runner/protocol.js';
import { createRunner, type Outcome, type Runner } from '../../src/runner/runner.js';
import { build, built } from '../support/build.js';

const moduleUrl = new URL('../support/handlers.mjs', import.meta.url).href;
const graceMs = 300;

let runner: Runner;
/** Leaves handlers so much time that what ends has ended by itself. */
let patientRunner: Runner;
const strayLines: string[] = [];
const restarted: string[] = [];

beforeAll(() => {
  build();
  const options = {
    slots: 4,
    onOutput: (line: string) => strayLines.push(line),
    onRestarted: ({ handler }: Task) => restarted.push(handler),
    programs: built('runner/'),
  };
  runner = createRunner({ ...options, graceMs });
  patientRunner = createRunner({ ...options, graceMs: 600_000 });
}, 60_000);

afterAll(() => Promise.all([runner.stop(), patientRunner.stop()]));

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const job = { id: 'a-job', number: 7, traceparent };

interface Given {
  readonly args?: JsonObject;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onMessage?: (message: FromHandler) => void;
  readonly onOverdue?: () => void;
  readonly by?: Runner;
  readonly isolation?: Isolation;
  readonly memoryLimit?: number;
}

function run(handler: string, given: Given = {}): Promise<Outcome> {
  const { args = {}, timeoutMs = 60_000, isolation = 'thread', memoryLimit = 64 } = given;
  const { signal = new AbortController().signal, onMessage = () => undefined } = given;
  return (given.by ?? runner).run(
    {
      job,
      attempt: 2,
      handler,
      isolation,
      work: { type: 'module', moduleUrl, memoryLimit },
      args,
      timeoutMs,
    },
    { signal, onMessage, ...(given.onOverdue && { onOverdue: given.onOverdue }) },
  );
}

function failure(errorClass: string, message: string | RegExp, final?: true): object {
  const expected = typeof message === 'string' ? message : expect.stringMatching(message);
  const error = expect.objectContaining({
    ...{ class: errorClass, message: expected },
    ...(final && { final }),
  });
  return { type: 'failed', reason: errorClass === 'TimeoutError' ? 'timeout' : 'failed', error };
}

describe('what a handler is given', () => {
  it('is its checked arguments, the job with its trace, and the attempt', async () => {
    const outcome = await run('echo', { args: { text: 'grüß dich' } });
    expect(outcome).toEqual({
      type: 'succeeded',
      value: { args: { text: 'grüß dich' }, job, attempt: 2 },
    });
  });

  it('is never an argument of the wrong type: the job fails for good', async () => {
    const outcome = await run('echo', { args: { text: 5, size: 1 } });
    expect(outcome).toEqual(
      failure('FinalError', "there is no argument 'size'; text is 5, wanted: a text", true),
    );
  });
});

describe('what a handler says while it runs', () => {
  it('arrives as log lines and as the latest progress, not as every step', async () => {
    const messages: FromHandler[] = [];
    const outcome = await run('chatty', { onMessage: (message) => messages.push(message) });
    expect(outcome).toEqual({ type: 'succeeded', value: null });
    expect(messages[0]).toEqual({
      type: 'log',
      level: 'info',
      message: 'about to start',
      details: { steps: 100_000 },
    });
    const progress = messages.slice(1);
    expect(progress[0]).toEqual({ type: 'progress', done: 1, total: 100_000, note: 'counting' });
    expect(progress.length).toBeLessThan(1_000);
  });

  it('is refused when it is no progress', async () => {
    expect(await run('bad-progress')).toEqual(failure('TypeError', /progress.*'half'/));
  });
});

describe('an attempt fails, and the lifter lives on, when the handler', () => {
  it.each([
    ['throws', 'throw', failure('RangeError', 'out of reach')],
    ['throws what is final', 'throw-final', failure('FinalError', 'it will never work', true)],
    ['ends its process', 'leave', failure('HandlerCrash', /thread ended: .*process\.exit\(3\)/)],
    ['forgets a rejection', 'reject-unhandled', failure('HandlerCrash', /nobody caught me/)],
    ['throws from a timer', 'throw-later', failure('HandlerCrash', /too late to catch/)],
    [
      'returns no JSON',
      'return-function',
      failure('ResultError', /result\.deep\.0\.inside is a/, true),
    ],
    ['returns too much', 'return-large', failure('ResultError', /100002 bytes/, true)],
    ['is not there', 'no-such', failure('Error', /no handler 'no-such'/)],
  ])('%s', async (_what, handler, outcome) => {
    const neighbour = run('echo');
    expect(await run(handler)).toEqual(outcome);
    expect(await neighbour).toMatchObject({ type: 'succeeded' });
    expect(await run('echo')).toMatchObject({ type: 'succeeded' });
  });

  it('is still running when its time is over', async () => {
    const outcome = await run('polite', { timeoutMs: 200 });
    expect(outcome).toEqual(failure('TimeoutError', 'the attempt took longer than 0.2 s'));
  });

  it('blocks its thread when its time is over', async () => {
    const outcome = await run('busy-loop', { timeoutMs: 200 });
    expect(outcome).toMatchObject({ type: 'failed', error: { class: 'TimeoutError' } });
  });
});

it('a handler can give the job back', async () => {
  expect(await run('throw-release')).toEqual({ type: 'released', reason: 'no scanner here' });
});

describe('in a process of its own', () => {
  it.each([
    ['returns', 'echo', { type: 'succeeded' }],
    ['throws', 'throw', failure('RangeError', 'out of reach')],
    ['throws what is final', 'throw-final', failure('FinalError', 'it will never work', true)],
    ['ends its process', 'leave', failure('HandlerCrash', /process ended: exit code 3/)],
    ['ends its process with code 0', 'exit-0', failure('HandlerCrash', /exit code 0/)],
    ['forgets a rejection', 'reject-unhandled', failure('HandlerCrash', /nobody caught me/)],
    ['throws from a timer', 'throw-later', failure('HandlerCrash', /too late to catch/)],
    [
      'returns no JSON',
      'return-function',
      failure('ResultError', /result\.deep\.0\.inside is a/, true),
    ],
    [
      'is killed, no memory limit having to do with it',
      'kill-itself',
      failure('HandlerCrash', /by SIGKILL/),
    ],
    ['only talks of memory when it crashes', 'cry-memory', failure('HandlerCrash', /memory limit/)],
  ])('a handler that %s', async (_what, handler, outcome) => {
    expect(await run(handler, { isolation: 'process' })).toMatchObject(outcome);
  });

  it('what blocks is gone when its time is over', async () => {
    const outcome = await run('busy-loop', { isolation: 'process', timeoutMs: 1_500 });
    expect(outcome).toMatchObject({ type: 'failed', error: { class: 'TimeoutError' } });
  });
});

describe('inline, in the process of the lifter', () => {
  it('a handler returns or throws as anywhere', async () => {
    expect(await run('echo', { isolation: 'inline' })).toMatchObject({ type: 'succeeded' });
    expect(await run('throw', { isolation: 'inline' })).toEqual(
      failure('RangeError', 'out of reach'),
    );
  });

  it('an attempt that ignores its signal is not over before its handler is: no two at once', async () => {
    const overdue: string[] = [];
    const began = performance.now();
    const outcome = await run('deaf-for', {
      isolation: 'inline',
      args: { ms: 1_500 },
      timeoutMs: 50,
      onOverdue: () => overdue.push('overdue'),
    });
    expect(outcome).toMatchObject({ type: 'failed', error: { class: 'TimeoutError' } });
    expect(performance.now() - began).toBeGreaterThan(1_490);
    expect(overdue).toEqual(['overdue']);
  });
});

describe('what takes more memory than it may', () => {
  const hogs = ['hog-objects', 'hog-arrays', 'hog-map', 'hog-buffers', 'hog-in-one-go'];
  const isolations: Isolation[] = ['thread', 'process'];

  it.each(isolations.flatMap((isolation) => hogs.map((hog) => [hog, isolation] as const)))(
    'is ended, and nothing else is: %s, %s',
    async (hog, isolation) => {
      const neighbour = run('slow-echo');
      const outcome = await run(hog, { isolation });
      expect(outcome).toMatchObject({ type: 'failed', error: { class: 'MemoryLimitError' } });
      expect(await neighbour).toMatchObject({ type: 'succeeded' });
      expect(process.memoryUsage.rss()).toBeLessThan(400 * 2 ** 20);
    },
    60_000,
  );
});

it('a process without work is ended after a while, and the next attempt has another one', async () => {
  const idle = createRunner({
    ...{ slots: 1, graceMs, idleMs: 500, programs: built('runner/') },
    onOutput: () => undefined,
    onRestarted: () => undefined,
  });
  const processOf = async (): Promise<number> => {
    const outcome = await run('process-id', { by: idle });
    return outcome.type === 'succeeded' && typeof outcome.value === 'number' ? outcome.value : 0;
  };
  const isThere = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const first = await processOf();
  expect(isThere(first)).toBe(true);
  await expect.poll(() => isThere(first)).toBe(false);
  const second = await processOf();
  expect(second).not.toBe(first);
  await idle.stop();
  await expect.poll(() => isThere(second)).toBe(false);
}, 60_000);

it('an attempt that shared its process with one that brought it down starts over, alone', async () => {
  const neighbour = run('patient-echo');
  const outcome = await run('hog-buffers');
  expect(outcome).toMatchObject({ type: 'failed', error: { class: 'MemoryLimitError' } });
  expect(await neighbour).toMatchObject({ type: 'succeeded' });
  expect(restarted).toContain('patient-echo');
}, 60_000);

describe('what a handler writes to standard output and error', () => {
  it.each(['thread', 'process'] as const)('becomes its log lines: %s', async (isolation) => {
    const messages: FromHandler[] = [];
    await run('print', { isolation, onMessage: (message) => messages.push(message) });
    expect(messages).toEqual([
      { type: 'log', level: 'info', message: "hello { from: 'console' }", stream: 'stdout' },
      { type: 'log', level: 'info', message: 'no line break', stream: 'stdout' },
      { type: 'log', level: 'warn', message: 'to stderr', stream: 'stderr' },
    ]);
    expect(strayLines.join()).not.toContain('hello');
  });

  it('is bounded, whatever it writes', async () => {
    const messages: FromHandler[] = [];
    await run('print-much', { onMessage: (message) => messages.push(message) });
    expect(messages.length).toBeLessThan(5_000);
  });
});

describe('an attempt that is aborted', () => {
  /** Starts an attempt; resolves when it runs, with what ends it. */
  function start(handler: string, by: Runner): Promise<() => Promise<Outcome>> {
    const controller = new AbortController();
    return new Promise((resolve) => {
      const abort = () => {
        controller.abort('cancelled');
        return outcome;
      };
      const onMessage = () => resolve(abort);
      const outcome = run(handler, { signal: controller.signal, onMessage, by });
    });
  }

  it('ends at once when the handler heeds the signal', async () => {
    const abort = await start('polite', patientRunner);
    expect(await abort()).toEqual({ type: 'aborted' });
  });

  it('counts as aborted even if the handler returns something then', async () => {
    const abort = await start('return-late', patientRunner);
    expect(await abort()).toEqual({ type: 'aborted' });
  });

  it('is terminated after the grace time when the handler does not', async () => {
    const abort = await start('busy-loop', runner);
    const toldAt = performance.now();
    expect(await abort()).toEqual({ type: 'aborted' });
    // Timers may fire a little early.
    expect(performance.now() - toldAt).toBeGreaterThan(graceMs - 10);
  });

  it('is gone within the grace time and a second, even in native code', async () => {
    const abort = await start('native-loop', runner);
    const toldAt = performance.now();
    expect(await abort()).toEqual({ type: 'aborted' });
    expect(performance.now() - toldAt).toBeLessThan(graceMs + 1_000);
    expect(await run('echo')).toMatchObject({ type: 'succeeded' });
  });

  it('never starts when it is aborted before', async () => {
    const outcome = await run('busy-loop', { signal: AbortSignal.abort('cancelled') });
    expect(outcome).toEqual({ type: 'aborted' });
  });

  it('leaves its slot free: four that block make room for four others', async () => {
    const aborts = await Promise.all([1, 2, 3, 4].map(() => start('busy-loop', runner)));
    await Promise.all(aborts.map((abort) => abort()));
    const others = await Promise.all([1, 2, 3, 4].map(() => run('echo')));
    expect(others.map(({ type }) => type)).toEqual(Array(4).fill('succeeded'));
  });
});
