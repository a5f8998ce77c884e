import { sheetCodec, sheetItemId } from '@heavylift/jobs';
import { connectPubSub, createSession } from '@heavylift/xmpp-pubsub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dispatcher, newJob } from './support/dispatcher.js';
import { eventually } from './support/eventually.js';
import { type Performer, type Stage, setStage } from './support/stage.js';

let stage: Stage;
let dispatcher: Dispatcher;
let lifter: Performer;

beforeAll(async () => {
  stage = await setStage();
  dispatcher = await stage.lead();
  lifter = await stage.lift(dispatcher);
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** Everything that was ordered before has been seen by the lifter when this is done. */
async function somethingElseIsDone(): Promise<void> {
  const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1, step: 0 } });
  await dispatcher.resultOf(job);
}

const startsOf = (job: string) =>
  lifter.lines.filter((line) => line.msg === 'started' && line['job'] === job).length;

describe('a lifter that comes up', () => {
  it('announces what it can do, by directed presence (RFC 6121 section 4.6)', () => {
    expect(lifter.announced).toMatchObject({ slots: 4, busy: 0, draining: false });
    expect(lifter.announced.handlers).toEqual(['lift', 'hash']);
    expect(lifter.jid).toMatch(/^lifter-1@localhost\/lifter-1\.[0-9a-f]{12}$/);
  });

  it('publishes what its handlers take, as the item of its account (XEP-0060 section 7.1)', async () => {
    const [item] = await dispatcher.handlers.items();
    expect(item?.id).toBe('lifter-1@localhost');
    expect(item?.value).toMatchObject([
      { name: 'lift', title: 'heavy job', texts: { done: 'Done lifting' } },
      { name: 'hash' },
    ]);
    expect(item?.value[0]?.fields).toMatchObject([
      { name: 'count', type: 'integer', default: 30, range: { min: 1, max: 1000 } },
      { name: 'step', type: 'number', default: 0.1 },
    ]);
  });
});

describe('a job that the ledger gives to it', () => {
  it('runs, with progress, and ends as a result that the lifter published itself', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 10 } });
    const { value, publisher } = await dispatcher.resultOf(job);
    expect(value).toMatchObject({
      number: job.number,
      kind: 'lift',
      attempt: 1,
      lifter: lifter.jid,
      status: 'succeeded',
      value: { lifted: 10 },
    });
    expect(publisher?.toString()).toBe(lifter.jid);
    const progress = dispatcher.progressOf(job);
    expect(progress[0]).toMatchObject({ total: 10, attempt: 1 });
    // Ten steps a second, of which two a second are told.
    expect(progress.length).toBeLessThan(10);
  });

  it('shares the lifter with as many others as there are slots, and the next waits', async () => {
    const numbers = [1, 2, 3, 4, 5];
    const jobs = await Promise.all(
      numbers.map(() => dispatcher.assign({ lifter: lifter.jid, args: { count: 15 } })),
    );
    const busy = await eventually('all slots are busy', () =>
      dispatcher.announced.findLast(({ busy }) => busy === 4),
    );
    expect(busy.running).toHaveLength(4);
    await Promise.all(jobs.map((job) => dispatcher.resultOf(job)));
    expect(Math.max(...dispatcher.announced.map(({ busy }) => busy))).toBe(4);
  });

  it('fails for good when it is asked for what the handler does not take', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 5_000 } });
    const { value } = await dispatcher.resultOf(job);
    expect(value).toMatchObject({
      status: 'failed',
      error: {
        class: 'FinalError',
        message: 'count is 5000, wanted: a whole number from 1 to 1000',
        final: true,
      },
    });
  });

  it('is handed back when there is no handler for it', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, kind: 'dance' });
    const report = await eventually('a report', () => dispatcher.reportsOf(job)[0]);
    expect(report).toMatchObject({ outcome: 'released', note: "there is no handler 'dance'" });
    expect(dispatcher.resultsOf(job)).toEqual([]);
  });

  it('is reported as failed when its time is over, for another attempt', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, timeoutMs: 300 });
    const report = await eventually('a report', () => dispatcher.reportsOf(job)[0]);
    expect(report).toMatchObject({
      outcome: 'failed',
      reason: 'timeout',
      attempt: 1,
      lifter: lifter.jid,
      error: { class: 'TimeoutError' },
    });
    expect(dispatcher.resultsOf(job)).toEqual([]);

    const again = await dispatcher.change(job, { attempt: 2, maxAttempts: 2 });
    const { value } = await dispatcher.resultOf(again);
    expect(value).toMatchObject({ status: 'failed', attempt: 2, error: { class: 'TimeoutError' } });
  });

  it('is aborted and told as cancelled when the ledger asks for it', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1000 } });
    await eventually('it runs', () => dispatcher.progressOf(job)[0]);
    await dispatcher.change(job, { cancelRequested: { at: Date.now(), by: 'you@localhost' } });
    expect((await dispatcher.resultOf(job)).value).toMatchObject({
      status: 'cancelled',
      attempt: 1,
    });
  });

  it('is aborted without a word when the ledger gives it to another', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1000 } });
    await eventually('it runs', () => dispatcher.progressOf(job)[0]);
    const lifter2 = 'lifter-2@localhost/lifter-2.0';
    const state = { type: 'assigned', lifter: lifter2, since: Date.now() } as const;
    await dispatcher.change(job, { attempt: 2, stalls: 1, state });
    await eventually('it ends', () =>
      lifter.lines.find((line) => line['job'] === job.id && line['reason'] === 'lost'),
    );
    await somethingElseIsDone();
    expect(dispatcher.resultsOf(job)).toEqual([]);
    expect(dispatcher.reportsOf(job)).toEqual([]);
  });

  it('runs once for each attempt: to the same order again, the result is the answer', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1 } });
    await dispatcher.resultOf(job);
    // As it is now: what it announced may be from before the job.
    const busy = async () => (await dispatcher.ask(lifter.jid)).busy;
    await expect.poll(busy, { message: 'the lifter knows that the server has it' }).toBe(0);
    await dispatcher.change(job, { priority: 1 });
    await eventually('it is told again', () => dispatcher.resultsOf(job)[1]);
    expect(startsOf(job.id)).toBe(1);
  });
});

describe('what is not the dispatcher’s word is ignored', () => {
  const strangersJob = () => {
    const entry = { ...newJob({ lifter: lifter.jid }), number: 9_999, revision: 1 };
    return { entry, lastNumber: 9_999, dead: [], jobs: [entry], gone: [] };
  };

  it('a sheet that another account published (XEP-0060 section 7.1.2.3)', async () => {
    const { service, domain, pubsubJid, nodes, accounts } = stage.provisioned;
    const tls = { allowPlaintextOnLoopback: true };
    await using admin = createSession({ service, domain, tls, ...stage.server.admin });
    await using stranger = createSession({
      service,
      domain,
      tls,
      username: 'stranger',
      password: accounts.users[0]?.password ?? '',
    });
    await Promise.all([admin.start(), stranger.start()]);
    await connectPubSub(admin, { jid: pubsubJid })
      .node(nodes.jobs)
      .setAffiliations([{ jid: 'stranger@localhost', affiliation: 'publisher' }]);

    const { entry, ...content } = strangersJob();
    const sheet = {
      ...content,
      epoch: 1_000,
      sequence: 1_000,
      floor: 1_000,
      epochs: [{ epoch: 1_000, since: 1_000 }],
    };
    const jobs = connectPubSub(stranger, { jid: pubsubJid }).node(nodes.jobs, sheetCodec);
    await jobs.publish(sheet, { id: sheetItemId(sheet) });
    await lifter.logged('ignored: it comes from an account that may not say it');
    await somethingElseIsDone();
    expect(startsOf(entry.id)).toBe(0);
    await jobs.retract(sheetItemId(sheet));
  });

  it('a sheet of an epoch that is over', async () => {
    const { entry, ...content } = strangersJob();
    const sheet = {
      ...content,
      epoch: 1,
      sequence: 1_000,
      floor: 1_000,
      epochs: [{ epoch: 1, since: 1_000 }],
    };
    await dispatcher.jobs.publish(sheet, { id: sheetItemId(sheet) });
    await somethingElseIsDone();
    expect(startsOf(entry.id)).toBe(0);
    await dispatcher.jobs.retract(sheetItemId(sheet));
  });

  it('a question from anybody else (RFC 6120 section 8.3.3.4)', async () => {
    const { service, domain, accounts } = stage.provisioned;
    await using notifier = createSession({
      service,
      domain,
      tls: { allowPlaintextOnLoopback: true },
      username: accounts.notifier.username,
      password: accounts.notifier.password,
    });
    await notifier.start();
    await expect(dispatcher.ask(lifter.jid)).resolves.toMatchObject({ slots: 4 });
    await expect(dispatcher.ask(lifter.jid, notifier)).rejects.toMatchObject({
      stanza: { condition: 'forbidden' },
    });
  });
});

describe('when another dispatcher leads', () => {
  it('announces itself and repeats what the former may not have heard', async () => {
    const job = await dispatcher.assign({ lifter: lifter.jid, timeoutMs: 200 });
    await eventually('a report', () => dispatcher.reportsOf(job)[0]);
    const running = await dispatcher.assign({ lifter: lifter.jid, args: { count: 1000 } });
    await eventually('it runs', () => dispatcher.progressOf(running)[0]);
    await dispatcher.stop();

    dispatcher = await stage.lead();
    const announced = await dispatcher.lifterNamed('lifter-1');
    expect(announced.running).toContainEqual({ id: running.id, attempt: 1 });
    const report = await eventually('the report again', () => dispatcher.reportsOf(job)[0]);
    expect(report).toMatchObject({ outcome: 'failed', reason: 'timeout', attempt: 1 });
    await dispatcher.change(running, { cancelRequested: { at: Date.now(), by: 'you@localhost' } });
    await dispatcher.resultOf(running);
  });
});
