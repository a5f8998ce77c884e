import { setImmediate as nextTurn } from 'node:timers/promises';
import { answersCodec, type Order, type OrderAnswer, ordersCodec } from '@heavylift/jobs';
import { type IqRequest, XmppError } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createOrders } from '../src/orders.js';

const idOf = (number: number) => `019a0000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const orderOf = (number: number, text = ''): Order => ({
  ...{ command: 'lift', submission: `s-${number}`, fields: { text } },
});
const accepted = ({ submission }: Order): OrderAnswer => {
  const number = Number(submission.slice(2));
  return { submission, text: 'Scheduled', job: { id: idOf(number), number } };
};
const dispatcher = { jid: 'bot@example.org/dispatcher.1', orders: 64 };

/** A dispatcher that answers when it is told to. */
function stage() {
  const requests: { to: string | undefined; numbers: number[] }[] = [];
  const pending: {
    readonly orders: readonly Order[];
    resolve(answer: Element | undefined): void;
    reject(error: unknown): void;
  }[] = [];
  const orders = createOrders({
    request: ({ to, payload }: IqRequest) =>
      new Promise((resolve, reject) => {
        const wanted = ordersCodec.decode(payload);
        requests.push({ to, numbers: wanted.map(({ submission }) => Number(submission.slice(2))) });
        pending.push({ orders: wanted, resolve, reject });
      }),
  });
  return {
    requests,
    place: (order: Order, to = dispatcher, until = new AbortController().signal) =>
      orders.place(to, order, until),
    async answer(how: (order: Order) => OrderAnswer = accepted) {
      for (const { orders: wanted, resolve } of pending.splice(0))
        resolve(answersCodec.encode(wanted.map(how)));
      await nextTurn();
    },
    async say(answer: Element | undefined) {
      for (const { resolve } of pending.splice(0)) resolve(answer);
      await nextTurn();
    },
    async fail(error: unknown) {
      for (const { reject } of pending.splice(0)) reject(error);
      await nextTurn();
    },
    numbers: () => requests.map(({ numbers }) => numbers),
  };
}

const numbersFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + index);

describe('orders', () => {
  it('go at once when they come alone', async () => {
    const { place, answer, requests } = stage();
    const placed = place(orderOf(7));
    await nextTurn();
    expect(requests).toEqual([{ to: dispatcher.jid, numbers: [7] }]);
    await answer();
    expect(await placed).toEqual({ id: idOf(7), number: 7, text: 'Scheduled' });
  });

  it('that are placed in one turn go together, as many as the dispatcher takes', async () => {
    const { place, answer, numbers } = stage();
    const placed = numbersFrom(1, 100).map((number) => place(orderOf(number)));
    await nextTurn();
    expect(numbers()).toEqual([numbersFrom(1, 64), numbersFrom(65, 36)]);
    await answer();
    expect((await Promise.all(placed)).map(({ number }) => number)).toEqual(numbersFrom(1, 100));
  });

  it('wait while four requests are under way, and go together then', async () => {
    const { place, answer, numbers } = stage();
    for (const number of numbersFrom(1, 6)) {
      void place(orderOf(number));
      await nextTurn();
    }
    expect(numbers()).toEqual([[1], [2], [3], [4]]);
    await answer();
    expect(numbers().at(-1)).toEqual([5, 6]);
  });

  it('are not more than a server takes in a stanza', async () => {
    const { place, numbers } = stage();
    for (const number of numbersFrom(1, 5)) void place(orderOf(number, 'x'.repeat(5_000)));
    await nextTurn();
    expect(numbers()).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('under one name, or for another dispatcher, go in requests of their own', async () => {
    const { place, requests } = stage();
    const next = { ...dispatcher, jid: 'bot@example.org/dispatcher.2' };
    void place(orderOf(1));
    void place(orderOf(1));
    void place(orderOf(2), next);
    await nextTurn();
    expect(requests).toEqual([
      { to: dispatcher.jid, numbers: [1] },
      { to: dispatcher.jid, numbers: [1] },
      { to: next.jid, numbers: [2] },
    ]);
  });

  it('are refused one by one', async () => {
    const { place, answer } = stage();
    const placed = Promise.allSettled([place(orderOf(1)), place(orderOf(2))]);
    await nextTurn();
    const refusal = { type: 'wait', condition: 'resource-constraint' };
    await answer((order) =>
      order.submission === 's-1'
        ? { submission: 's-1', text: 'Too many.', refusal }
        : accepted(order),
    );
    expect(await placed).toMatchObject([
      { reason: { code: 'stanza-error', stanza: { ...refusal, text: 'Too many.' } } },
      { value: { number: 2 } },
    ]);
  });

  it('fail together with their request', async () => {
    const { place, fail } = stage();
    const placed = Promise.allSettled([place(orderOf(1)), place(orderOf(2))]);
    await nextTurn();
    await fail(new XmppError('disconnected', 'the stream broke'));
    expect(await placed).toMatchObject([
      { reason: { code: 'disconnected' } },
      { reason: { code: 'disconnected' } },
    ]);
  });

  it.each([
    ['nothing', undefined],
    ['something else', ordersCodec.encode([orderOf(1)])],
    ['answers to others', answersCodec.encode([accepted(orderOf(9))])],
  ])('that are answered by %s have failed', async (_, answer) => {
    const { place, say } = stage();
    const placed = Promise.allSettled([place(orderOf(1))]);
    await nextTurn();
    await say(answer);
    expect(await placed).toMatchObject([{ reason: { code: 'malformed-answer' } }]);
  });

  it('that nobody wants any more are not placed', async () => {
    const { place, numbers } = stage();
    const unwanted = new AbortController();
    const placed = Promise.allSettled([place(orderOf(1), dispatcher, unwanted.signal)]);
    unwanted.abort('enough');
    void place(orderOf(2));
    await nextTurn();
    expect(await placed).toMatchObject([{ reason: 'enough' }]);
    expect(numbers()).toEqual([[2]]);
  });
});
