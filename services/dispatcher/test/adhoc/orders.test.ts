import { answersCodec, mostOrders, type Order, ordersCodec } from '@heavylift/jobs';
import { parseJid } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createOrders } from '../../src/adhoc/orders.js';
import { createLimiter } from '../../src/chat/limiter.js';
import type { Desk, RunAnswer } from '../../src/desk.js';
import { entry, fakeDesk, lift, now, policy } from '../support/desk.js';

const ann = 'ann@example.org/app';

function bot({ changes = {}, burst = 200 }: { changes?: Partial<Desk>; burst?: number } = {}) {
  const { desk, ran } = fakeDesk(changes);
  const failures: unknown[] = [];
  let forbidden = 0;
  let isOpen = true;
  const orders = createOrders({
    desk: () => (isOpen ? desk : undefined),
    policy: () => ({
      ...policy,
      rules: [{ effect: 'deny', who: ['mallory@example.org'] }],
    }),
    now: () => now,
    limiter: createLimiter({ burst, perSecond: 1, senders: 9, now: () => now }),
    onForbidden: () => {
      forbidden += 1;
    },
    onFailure: (error) => failures.push(error),
  });
  return {
    ran,
    failures,
    forbidden: () => forbidden,
    close: () => {
      isOpen = false;
    },
    async place(wanted: readonly Order[], who = ann) {
      const payload = ordersCodec.encode(wanted);
      return answersCodec.decode(await orders.execute({ from: parseJid(who), payload }));
    },
    execute: orders.execute,
  };
}

const orderOf = (submission: string, fields: Order['fields'] = {}, command = 'lift'): Order => ({
  ...{ command, submission, fields },
});

describe('orders: many jobs in one request', () => {
  it('are each a job of whoever asks, as by the form of the command', async () => {
    const { place, ran } = bot();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const fields = {
      count: '5',
      'heavylift#when': 'in 10m',
      'heavylift#on': '',
      'heavylift#traceparent': traceparent,
    };
    const answers = await place([orderOf('a', fields), orderOf('b')]);
    const job = { id: entry.id, number: 7, state: 'scheduled' };
    expect(answers).toMatchObject([
      { submission: 'a', text: expect.stringContaining('#7'), job: { number: job.number } },
      { submission: 'b', job: { id: job.id } },
    ]);
    const requester = { jid: ann, messageType: 'command', gathers: true };
    expect(ran).toEqual([
      {
        spec: lift,
        args: { count: 5 },
        clauses: { when: { kind: 'in', ms: 600_000 } },
        requester: { ...requester, messageId: 'a' },
        traceparent,
      },
      { spec: lift, args: { count: 30 }, clauses: {}, requester: { ...requester, messageId: 'b' } },
    ]);
  });

  it('are refused one by one, each with the reason and whether to try again', async () => {
    const run = async (): Promise<RunAnswer> => ({ kind: 'refused', text: 'Too many jobs.' });
    const { place } = bot({ changes: { run } });
    const answers = await place([
      orderOf('full'),
      orderOf('unknown', {}, 'dance'),
      orderOf('builtin', {}, 'status'),
      orderOf('wrong', { count: 'many' }),
      orderOf('stray', { weight: '5' }),
      orderOf('schedule', { 'heavylift#when': 'every 0 6 * * *' }),
    ]);
    expect(answers).toMatchObject([
      { refusal: { type: 'wait', condition: 'resource-constraint' }, text: 'Too many jobs.' },
      { refusal: { type: 'cancel', condition: 'item-not-found' } },
      { refusal: { type: 'cancel', condition: 'item-not-found' } },
      {
        refusal: { type: 'modify', condition: 'bad-request' },
        text: expect.stringContaining('many'),
      },
      {
        refusal: { type: 'modify', condition: 'bad-request' },
        text: expect.stringContaining('weight'),
      },
      {
        refusal: { type: 'modify', condition: 'bad-request' },
        text: expect.stringContaining('schedule'),
      },
    ]);
  });

  it('can be answered whatever is quoted from them', async () => {
    const { place } = bot();
    const [answer] = await place([orderOf('a', { count: '\u0001' })]);
    expect(answer?.text).toContain('count is "\uFFFD"');
  });

  it('are not for whom the policy forbids them', async () => {
    const { place, ran, forbidden } = bot();
    const answers = await place([orderOf('a')], 'mallory@example.org/app');
    expect(answers).toMatchObject([{ refusal: { type: 'auth', condition: 'forbidden' } }]);
    expect(ran).toEqual([]);
    expect(forbidden()).toBe(1);
  });

  it('can be placed again if it is not known what became of one; the others stand', async () => {
    let calls = 0;
    const run = async (): Promise<RunAnswer> => {
      calls += 1;
      if (calls === 1) throw new Error('the term is over');
      return { kind: 'accepted', entry };
    };
    const { place, failures } = bot({ changes: { run } });
    expect(await place([orderOf('a'), orderOf('b')])).toMatchObject([
      { submission: 'b', job: { number: 7 } },
      { submission: 'a', refusal: { type: 'wait', condition: 'internal-server-error' } },
    ]);
    expect(failures).toHaveLength(1);
  });

  it('count as many as they are, where the sender may ask only so much', async () => {
    const { place } = bot({ burst: 5 });
    await place([orderOf('a'), orderOf('b'), orderOf('c')]);
    await expect(place([orderOf('d'), orderOf('e'), orderOf('f')])).rejects.toMatchObject({
      stanza: { type: 'wait', condition: 'policy-violation' },
    });
  });

  it('are to be placed later while the dispatcher is only starting', async () => {
    const { place, close } = bot();
    close();
    await expect(place([orderOf('a')])).rejects.toMatchObject({
      stanza: { type: 'wait', condition: 'resource-constraint' },
    });
  });

  it('that are malformed, none, or too many are no request', async () => {
    const { execute, place } = bot();
    const refused = { stanza: { type: 'modify', condition: 'bad-request' } };
    const from = parseJid(ann);
    const payload = xml('orders', { xmlns: 'urn:heavylift:orders:1' }, xml('order'));
    await expect(execute({ from, payload })).rejects.toMatchObject(refused);
    const many = Array.from({ length: mostOrders + 1 }, (_, index) => orderOf(`${index}`));
    await expect(place(many)).rejects.toMatchObject(refused);
  });
});
