import { type Order, ordersCodec, scheduleCodec } from '@heavylift/jobs';
import { readForm, writeForm } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  bodyOf,
  chat,
  login,
  patience,
  playLifter,
  pubsubOf,
  type RunningDispatcher,
  stage,
  startDispatcher,
  tell,
} from '../support/stage.js';

let dispatcher: RunningDispatcher;
let you: Awaited<ReturnType<typeof chat>>;
let lifter: Awaited<ReturnType<typeof playLifter>>;

const isReady = () =>
  vi.waitFor(async () => {
    expect(bodyOf(await you.say('help'))).toContain('lift');
  }, patience);

beforeEach(async () => {
  dispatcher = await startDispatcher();
  [you, lifter] = [await chat('you'), await playLifter(0)];
  await lifter.announce(20);
  await isReady();
});

async function nextDispatcher(): Promise<void> {
  await dispatcher.kill();
  dispatcher = await startDispatcher('dispatcher.2');
  await lifter.announce(20);
  await isReady();
}

/** Has all jobs end and told, so that only their results are left. */
async function endAll(running: number): Promise<void> {
  await vi.waitFor(() => expect(lifter.given()).toHaveLength(running), patience);
  for (const entry of lifter.given()) await lifter.succeed(entry);
  await tell(...lifter.open().map(({ id }) => id));
  await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
}

const numberOf = (body: string | null) => Number(/#(\d+)/.exec(body ?? '')?.[1]);
const say = async (...message: Parameters<typeof you.say>) => bodyOf(await you.say(...message));

/** Another id in each test: what the tests before have asked for is remembered. */
let tests = 0;
const fresh = () => `used-${++tests}`;

describe('a message under an id that was used before', () => {
  it('that asks for the same is the same job; one that asks for something else is another', async () => {
    const id = fresh();
    const first = await say('lift 5', id);
    expect(first).toMatch(/^Scheduled heavy job/);
    expect(await say('lift 5', id)).toBe(
      `That heavy job is scheduled already: #${numberOf(first)}`,
    );
    expect(await say('lift count=5', id)).toContain('already');
    expect(await say('lift 6', id)).toMatch(/^Scheduled heavy job/);
    expect(await say('lift 5 priority 3', id)).toMatch(/^Scheduled heavy job/);
    expect(await say('sweep hall', id)).toMatch(/^Scheduled sweeping/);
    expect(await say('lift 5', id)).toBe(
      `That heavy job is scheduled already: #${numberOf(first)}`,
    );
    await endAll(4);
  });

  it('is told apart from another device, and by its origin-id where it has one', async () => {
    const id = fresh();
    const laptop = await chat('you', 'laptop');
    await say('lift 5', id);
    expect(bodyOf(await laptop.say('lift 6', id))).toMatch(/^Scheduled heavy job/);
    const origin = (name: string) => xml('origin-id', { xmlns: 'urn:xmpp:sid:0', id: name });
    const originId = `${id}-origin`;
    const heard = async (text: string, stanzaId: string) => {
      const before = you.heard.length;
      const to = stage.provisioned.accounts.bot.jid;
      const message = { to, type: 'chat', id: stanzaId };
      const { session } = you;
      await session.send(xml('message', message, xml('body', {}, text), origin(originId)));
      return vi.waitFor(() => {
        const [answer] = you.heard.slice(before);
        if (answer === undefined) throw new Error('no answer');
        return bodyOf(answer);
      }, patience);
    };
    expect(await heard('lift 7', id)).toMatch(/^Scheduled heavy job/);
    expect(await heard('lift 7', `${id}-again`)).toContain('already');
    expect(await heard('lift 8', `${id}-again`)).toMatch(/^Scheduled heavy job/);
    await endAll(4);
  });

  it('holds under the next dispatcher, be the jobs open or over', async () => {
    const [open, over] = [fresh(), fresh()];
    const ended = await say('lift 5', over);
    await endAll(1);
    const waits = await say('lift 5 in 1h', open);
    await nextDispatcher();
    expect(await say('lift 5', over)).toContain(`already: #${numberOf(ended)}`);
    expect(await say('lift 6', over)).toMatch(/^Scheduled heavy job/);
    expect(await say('lift 5 in 1h', open)).toContain(`already: #${numberOf(waits)}`);
    const later = await say('lift 5 in 2h', open);
    expect(later).toMatch(/^Scheduled heavy job/);
    for (const answer of [waits, later]) await say(`cancel ${numberOf(answer)}`);
    await vi.waitFor(() => expect(lifter.open()).toHaveLength(3), patience);
    await endAll(1);
  });

  it('can ask for a schedule, and for another one', async () => {
    const id = fresh();
    expect(await say('lift 5', id)).toMatch(/^Scheduled heavy job\.\.\./);
    const first = await say('lift 5 every "0 6 * * *"', id);
    expect(first).toMatch(/schedule \d/);
    expect(await say('lift 5 every "0 6 * * *"', id)).toBe(first);
    expect(await say('lift 5 every "0 7 * * *"', id)).not.toBe(first);
    const bot = await login(stage.provisioned.accounts.bot, 'reader');
    const node = pubsubOf(bot).node(stage.provisioned.nodes.schedules, scheduleCodec);
    const found = await node.items();
    expect(found.map(({ value }) => value.cron).sort()).toEqual(['0 6 * * *', '0 7 * * *']);
    for (const { value } of found) await say(`unschedule ${value.number}`);
    await endAll(1);
  });
});

async function place(order: Order) {
  const payload = ordersCodec.encode([order]);
  const answer = await you.session.request({
    type: 'set',
    to: String(dispatcher.session.jid),
    payload,
  });
  const [child] = answer?.getChildElements() ?? [];
  return { name: child?.name, attrs: { ...child?.attrs }, text: child?.getText() ?? '' };
}

describe("a program's submission", () => {
  const orderOf = (submission: string, count: number): Order => ({
    ...{ command: 'lift', submission, fields: { count: String(count) } },
  });

  it('with other content is a conflict, also when its job is over, and under the next dispatcher', async () => {
    const name = fresh();
    const first = await place(orderOf(name, 1));
    expect(first.name).toBe('accepted');
    const conflict = { name: 'refused', attrs: { type: 'cancel', condition: 'conflict' } };
    expect(await place(orderOf(name, 2))).toMatchObject(conflict);
    expect((await place(orderOf(name, 2))).text).toContain(`#${first.attrs['number']}`);
    expect(await place(orderOf(name, 1))).toMatchObject({ attrs: { id: first.attrs['id'] } });
    await endAll(1);
    expect(await place(orderOf(name, 2))).toMatchObject(conflict);
    await nextDispatcher();
    expect(await place(orderOf(name, 2))).toMatchObject(conflict);
    expect(await place(orderOf(name, 1))).toMatchObject({ attrs: { id: first.attrs['id'] } });
  });

  it('is the same by a form as by an order, and a conflict as a stanza error', async () => {
    const name = fresh();
    const command = async (fields: Readonly<Record<string, string>>) => {
      const form = writeForm({
        type: 'submit',
        fields: Object.entries({ ...fields, 'heavylift#submission': name }).map(
          ([field, value]) => ({ name: field, values: [value] }),
        ),
      });
      const answer = await you.session.request({
        type: 'set',
        to: String(dispatcher.session.jid),
        payload: xml(
          'command',
          { xmlns: 'http://jabber.org/protocol/commands', node: 'lift', action: 'execute' },
          form,
        ),
      });
      const x = answer?.getChild('x', 'jabber:x:data');
      if (x === undefined) throw new Error('no form');
      return Object.fromEntries(readForm(x).fields.map((field) => [field.name, field.values[0]]));
    };
    const first = await place(orderOf(name, 3));
    expect(await command({ count: '3' })).toMatchObject({ number: first.attrs['number'] });
    const error = await command({ count: '4' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ stanza: { type: 'cancel', condition: 'conflict' } });
    const every = { count: '3', 'heavylift#when': 'every 0 6 * * *' };
    const scheduled = await command(every).catch((thrown: unknown) => thrown);
    expect(scheduled).toMatchObject({ stanza: { condition: 'conflict' } });
    await endAll(1);
  });
});
