import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Dispatcher } from './support/dispatcher.js';
import { eventually } from './support/eventually.js';
import { type Performer, type Stage, setStage } from './support/stage.js';
import { openWire, type Wire } from './support/wire.js';

let stage: Stage;
let dispatcher: Dispatcher;
let wire: Wire;
let lifter: Performer;

beforeAll(async () => {
  stage = await setStage();
  dispatcher = await stage.lead();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const { hostname, port } = new URL(stage.server.service);
  wire = await openWire({ host: hostname, port: Number(port) });
  lifter = await stage.lift(dispatcher, { XMPP_SERVICE: `xmpp://127.0.0.1:${wire.port}` });
});
afterEach(async () => {
  wire.mend();
  lifter.kill('SIGTERM');
  await lifter.exited;
  await wire.close();
});

const ended = (job: { id: string }) =>
  eventually('it ends', () =>
    lifter.lines.find((line) => line.msg === 'ended' && line['job'] === job.id),
  );

async function running(count: number) {
  const job = await dispatcher.assign({ lifter: lifter.jid, args: { count } });
  await eventually('it runs', () => dispatcher.progressOf(job)[0]);
  return job;
}

/** Whatever the lifter had to say before it, it has said when this is done. */
async function somethingElseIsDone(): Promise<void> {
  const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1, step: 0 } });
  await dispatcher.resultOf(job);
}

it('a job runs on while the connection is broken, and its result arrives once', async () => {
  const job = await running(20);
  wire.cut();
  await ended(job);
  wire.mend();
  expect((await dispatcher.resultOf(job)).value).toMatchObject({ status: 'succeeded', attempt: 1 });
  await somethingElseIsDone();
  expect(dispatcher.resultsOf(job)).toHaveLength(1);
});

it('a job that the connection breaks under goes on, and the lifter says that it runs', async () => {
  const job = await running(90);
  const before = dispatcher.announced.length;
  wire.cut();
  wire.mend();
  const announced = await eventually('it announces itself', () =>
    dispatcher.announced.slice(before).find(({ running }) => running.length === 1),
  );
  expect(announced).toMatchObject({ from: lifter.jid, running: [{ id: job.id, attempt: 1 }] });
  expect((await dispatcher.resultOf(job)).value).toMatchObject({ status: 'succeeded' });
  expect(dispatcher.resultsOf(job)).toHaveLength(1);
});

it('a result whose confirmation was lost is not published twice (XEP-0060 section 7.1.2)', async () => {
  const job = await running(20);
  wire.deafen();
  await dispatcher.resultOf(job);
  wire.cut();
  wire.mend();
  await somethingElseIsDone();
  expect(dispatcher.resultsOf(job)).toHaveLength(1);
});

it('what was given to another meanwhile is aborted, and nothing is said of it', async () => {
  const [aborted, done] = [await running(1000), await running(20)];
  wire.cut();
  await ended(done);
  const other = {
    type: 'assigned',
    lifter: 'lifter-2@localhost/other',
    since: Date.now(),
  } as const;
  for (const job of [aborted, done]) {
    await dispatcher.change(job, { attempt: 2, stalls: 1, state: other });
  }
  wire.mend();
  expect(await ended(aborted)).toMatchObject({ outcome: 'aborted', reason: 'lost' });
  await somethingElseIsDone();
  for (const job of [aborted, done]) {
    expect(dispatcher.resultsOf(job)).toEqual([]);
    expect(dispatcher.reportsOf(job)).toEqual([]);
  }
});

it('what was cancelled meanwhile is told as cancelled', async () => {
  const job = await running(1000);
  wire.cut();
  await dispatcher.change(job, { cancelRequested: { at: Date.now(), by: 'you@localhost' } });
  wire.mend();
  expect((await dispatcher.resultOf(job)).value).toMatchObject({ status: 'cancelled' });
});
