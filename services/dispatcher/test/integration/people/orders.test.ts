import { answersCodec, mostOrders, type Order, ordersCodec } from '@heavylift/jobs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  chat,
  patience,
  playLifter,
  type RunningDispatcher,
  startDispatcher,
  tell,
} from '../support/stage.js';

let dispatcher: RunningDispatcher;
let you: Awaited<ReturnType<typeof chat>>;
let lifter: Awaited<ReturnType<typeof playLifter>>;

beforeEach(async () => {
  dispatcher = await startDispatcher();
  [you, lifter] = [await chat('you'), await playLifter(0)];
  await lifter.announce(mostOrders);
  await vi.waitFor(async () => {
    expect((await you.say('help')).getChildText('body')).toContain('lift');
  }, patience);
});

async function place(orders: readonly Order[]) {
  const answer = await you.session.request({
    type: 'set',
    to: String(dispatcher.session.jid),
    payload: ordersCodec.encode(orders),
  });
  return answer === undefined ? [] : answersCodec.decode(answer);
}

const orderOf = (submission: string, count: number): Order => ({
  ...{ command: 'lift', submission, fields: { count: String(count) } },
});

describe('orders, many jobs in one IQ (RFC 6120 section 8.2.3)', () => {
  it('are answered when all stand in the ledger; what is ordered again is the same job', async () => {
    // No more than one requester may have open here.
    const orders = Array.from({ length: 40 }, (_, index) => orderOf(`s-${index}`, index + 1));
    const answers = await place(orders);
    expect(answers.map(({ submission }) => submission)).toEqual(
      orders.map(({ submission }) => submission),
    );
    const ids = answers.flatMap((answer) => ('job' in answer ? [answer.job.id] : []));
    await vi.waitFor(() => expect(lifter.given()).toHaveLength(40), patience);
    expect(
      lifter
        .given()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...ids].sort());
    const again = await place([...orders.slice(0, 2), orderOf('s-new', 7)]);
    expect(again).toMatchObject([
      { job: { id: ids[0] }, text: expect.stringContaining('already') },
      { job: { id: ids[1] } },
      { submission: 's-new' },
    ]);
    const open = await vi.waitFor(() => {
      expect(lifter.open()).toHaveLength(41);
      return lifter.open().map(({ id }) => id);
    }, patience);
    await tell(...open);
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
  });

  it('are the same jobs for the next dispatcher, too, though they have ended and nobody else knows', async () => {
    const orders = [orderOf('n-1', 1), orderOf('n-2', 2)];
    const answers = await place(orders);
    await vi.waitFor(() => expect(lifter.given()).toHaveLength(2), patience);
    const given = lifter.given();
    for (const entry of given) await lifter.succeed(entry);
    await tell(...given.map(({ id }) => id));
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
    await dispatcher.kill();
    dispatcher = await startDispatcher('dispatcher.2');
    await lifter.announce(mostOrders);
    await vi.waitFor(async () => {
      expect((await you.say('help')).getChildText('body')).toContain('lift');
    }, patience);
    const jobsOf = (all: typeof answers) => all.map((answer) => 'job' in answer && answer.job);
    const again = await place([...orders, orderOf('n-3', 3)]);
    expect(jobsOf(again).slice(0, 2)).toEqual(jobsOf(answers));
    await vi.waitFor(() => expect(lifter.open()).toHaveLength(1), patience);
    await tell(...lifter.open().map(({ id }) => id));
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
  });

  it('are accepted as far as there is room, and the rest may be ordered again later', async () => {
    const answers = await place(
      Array.from({ length: 55 }, (_, index) => orderOf(`t-${index}`, index + 1)),
    );
    const refused = answers.flatMap((answer) => ('refusal' in answer ? [answer] : []));
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({
      refusal: { type: 'wait', condition: 'resource-constraint' },
    });
    await vi.waitFor(() => expect(lifter.open()).toHaveLength(50), patience);
    await tell(...lifter.open().map(({ id }) => id));
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
    expect(await place([orderOf('t-54', 55)])).toMatchObject([{ job: {} }]);
    await vi.waitFor(() => expect(lifter.open()).toHaveLength(1), patience);
    await tell(...lifter.open().map(({ id }) => id));
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
  });
});
