import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dispatcher } from './support/dispatcher.js';
import { eventually } from './support/eventually.js';
import { type Stage, setStage } from './support/stage.js';

let stage: Stage;
let dispatcher: Dispatcher;

beforeAll(async () => {
  stage = await setStage();
  dispatcher = await stage.lead();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const isGone = (jid: string) =>
  eventually(`${jid} is gone`, () => (dispatcher.gone.includes(jid) ? true : undefined));

describe('SIGTERM', () => {
  it('lets running jobs finish and hands back what still comes', async () => {
    const lifter = await stage.lift(dispatcher);
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 50 } });
    await eventually('it runs', () => dispatcher.progressOf(job)[0]);
    lifter.kill('SIGTERM');
    await eventually('it drains', () => dispatcher.announced.find(({ draining }) => draining));
    const late = await dispatcher.assign({ lifter: lifter.jid });

    const report = await eventually('a report', () => dispatcher.reportsOf(late)[0]);
    expect(report).toMatchObject({ outcome: 'released', attempt: 1 });
    expect((await dispatcher.resultOf(job)).value).toMatchObject({ status: 'succeeded' });
    expect(await lifter.exited).toBe(0);
    await isGone(lifter.jid);
  });

  it('hands back what does not finish within the drain time, at no cost of an attempt', async () => {
    const lifter = await stage.lift(dispatcher, { LIFTER_DRAIN_SECONDS: '1' });
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1000 } });
    await eventually('it runs', () => dispatcher.progressOf(job)[0]);
    lifter.kill('SIGTERM');
    const report = await eventually('a report', () => dispatcher.reportsOf(job)[0]);
    expect(report).toMatchObject({
      outcome: 'released',
      attempt: 1,
      note: 'the lifter is shutting down',
    });
    expect(await lifter.exited).toBe(0);
    expect(dispatcher.resultsOf(job)).toEqual([]);
    await isGone(lifter.jid);
    // Its last word: nothing of what it was given is left undone, so that its going is no stall.
    const last = dispatcher.announced.findLast(({ from }) => from === lifter.jid);
    expect(last).toMatchObject({ draining: true, running: [] });
  });

  it('ends an idle lifter at once, and nothing of it is left', async () => {
    const lifter = await stage.lift(dispatcher);
    lifter.kill('SIGTERM');
    expect(await lifter.exited).toBe(0);
    await isGone(lifter.jid);
    expect(lifter.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });
});

it('SIGKILL is seen by the dispatcher without waiting for a stream to be resumed (XEP-0198)', async () => {
  const lifter = await stage.lift(dispatcher);
  const start = performance.now();
  lifter.kill('SIGKILL');
  await isGone(lifter.jid);
  // A stream that can be resumed would be kept for 10 s at least.
  expect(performance.now() - start).toBeLessThan(5_000);
});

it('a lifter that comes back is another one: what its former life was given is not its own', async () => {
  const former = await stage.lift(dispatcher);
  const job = await dispatcher.assign({ lifter: former.jid, args: { count: 1000 } });
  await eventually('it runs', () => dispatcher.progressOf(job)[0]);
  former.kill('SIGKILL');
  await isGone(former.jid);

  const lifter = await stage.lift(dispatcher);
  expect(lifter.jid).not.toBe(former.jid);
  const other = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1 } });
  await dispatcher.resultOf(other);
  expect(lifter.lines.filter(({ msg }) => msg === 'started')).toHaveLength(1);
});
