import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type Lifecycle, startInOrder } from '../src/index.js';

const log = createLogger({ name: 'test', level: 'silent' });
const never = new Promise<void>(() => undefined);
const untold = () => new AbortController().signal;

type Behaviour = 'works' | 'fails to start' | 'fails to stop' | 'hangs at start' | 'hangs at stop';

/** Parts that write down what is done to them. */
function parts(...behaviours: readonly Behaviour[]) {
  const history: string[] = [];
  const made = behaviours.map((behaviour, index): Lifecycle => {
    const name = `part ${index}`;
    return {
      name,
      startTimeoutMs: 20,
      stopTimeoutMs: 20,
      async start() {
        history.push(`start ${index}`);
        if (behaviour === 'hangs at start') await never;
        if (behaviour === 'fails to start') throw new Error('no power');
      },
      async stop() {
        history.push(`stop ${index}`);
        if (behaviour === 'hangs at stop') await never;
        if (behaviour === 'fails to stop') throw new Error('no brakes');
      },
    };
  });
  return { history, made };
}

describe('starting', () => {
  it('goes in order, stopping in reverse', async () => {
    const { history, made } = parts('works', 'works', 'works');
    const stop = await startInOrder(made, { log, signal: untold() });
    expect(history).toEqual(['start 0', 'start 1', 'start 2']);
    await stop();
    expect(history.slice(3)).toEqual(['stop 2', 'stop 1', 'stop 0']);
  });

  it('is undone when a part fails, which is told with its cause', async () => {
    const { history, made } = parts('works', 'fails to start', 'works');
    await expect(startInOrder(made, { log, signal: untold() })).rejects.toMatchObject({
      name: 'ServiceError',
      code: 'start-failed',
      message: 'part 1 could not be started: no power',
      cause: new Error('no power'),
    });
    expect(history).toEqual(['start 0', 'start 1', 'stop 1', 'stop 0']);
  });

  it('is undone when a part takes too long', async () => {
    const { history, made } = parts('works', 'hangs at start');
    await expect(startInOrder(made, { log, signal: untold() })).rejects.toMatchObject({
      code: 'start-timed-out',
      message: 'part 1 did not start within 20 ms',
    });
    expect(history).toEqual(['start 0', 'start 1', 'stop 1', 'stop 0']);
  });

  it('is undone when told to stop, even by a part that does not listen', async () => {
    const { history, made } = parts('works', 'hangs at start');
    const telling = new AbortController();
    const patient = made.map((part) => ({ ...part, startTimeoutMs: Number.POSITIVE_INFINITY }));
    const starting = startInOrder(patient, { log, signal: telling.signal });
    await expect.poll(() => history).toContain('start 1');
    telling.abort();
    await expect(starting).rejects.toMatchObject({ code: 'start-aborted' });
    expect(history).toEqual(['start 0', 'start 1', 'stop 1', 'stop 0']);
  });

  it('tells a part when to give up', async () => {
    const telling = new AbortController();
    let told: Promise<unknown> | undefined;
    const part: Lifecycle = {
      name: 'listener',
      start: (signal) => {
        told = new Promise((resolve) => signal.addEventListener('abort', resolve));
        return never;
      },
      stop: async () => undefined,
    };
    const starting = startInOrder([part], { log, signal: telling.signal });
    telling.abort();
    await expect(starting).rejects.toMatchObject({ code: 'start-aborted' });
    await told;
  });

  it('touches nothing if told to stop before', async () => {
    const { history, made } = parts('works');
    const starting = startInOrder(made, { log, signal: AbortSignal.abort() });
    await expect(starting).rejects.toMatchObject({ code: 'start-aborted' });
    expect(history).toEqual([]);
  });
});

describe('stopping', () => {
  it('reaches every part, whichever fail or hang, and tells of all that did', async () => {
    const { history, made } = parts('works', 'fails to stop', 'hangs at stop');
    const stop = await startInOrder(made, { log, signal: untold() });
    await expect(stop()).rejects.toMatchObject({
      code: 'stop-failed',
      message: 'part 2 did not stop within 20 ms; no brakes',
    });
    expect(history.slice(3)).toEqual(['stop 2', 'stop 1', 'stop 0']);
  });

  it('happens once, however often it is asked for', async () => {
    const { history, made } = parts('works');
    const stop = await startInOrder(made, { log, signal: untold() });
    await Promise.all([stop(), stop()]);
    expect(history).toEqual(['start 0', 'stop 0']);
  });
});

it('whatever the parts do, all that were started are stopped once, the last first', async () => {
  const behaviour = fc.constantFrom<Behaviour>('works', 'fails to start', 'fails to stop');
  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { maxLength: 6 }), async (behaviours) => {
      const { history, made } = parts(...behaviours);
      await startInOrder(made, { log, signal: untold() })
        .then((stop) => stop())
        .catch(() => undefined);
      const numbers = (verb: string) =>
        history.filter((line) => line.startsWith(verb)).map((line) => line.split(' ')[1]);
      expect(numbers('stop')).toEqual(numbers('start').reverse());
    }),
  );
});
