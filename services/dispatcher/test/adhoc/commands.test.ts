import { parseJid, readForm } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createCommands } from '../../src/adhoc/commands.js';
import { createDisco } from '../../src/adhoc/disco.js';
import { createBuiltIns } from '../../src/chat/built-in.js';
import { createLimiter } from '../../src/chat/limiter.js';
import type { Desk } from '../../src/desk.js';
import { entry, fakeDesk, lift, now, policy } from '../support/desk.js';

const NS = 'http://jabber.org/protocol/commands';
const NS_ITEMS = 'http://jabber.org/protocol/disco#items';

function bot(changes: Partial<Desk> = {}) {
  const { desk, done, ran } = fakeDesk(changes);
  const ended: string[] = [];
  const ports = { desk: () => desk, policy: () => policy, now: () => now };
  const builtIns = createBuiltIns({
    ...ports,
    shutdown: (reason) => ended.push(reason),
    shutdownOthers: () => 0,
    version: '1.2.3',
  });
  const limiter = createLimiter({ burst: 50, perSecond: 1, senders: 9, now: () => now });
  const commands = createCommands({ ...ports, builtIns, limiter });
  const disco = createDisco(commands, () => parseJid('bot@example.org/dispatcher.1'));
  return {
    done,
    ran,
    ended,
    commands,
    disco,
    execute: (node: string, attrs: Record<string, string> = {}, form?: Element, who = ada) =>
      commands.execute({
        from: parseJid(who),
        payload: xml('command', { xmlns: NS, node, ...attrs }, ...(form ? [form] : [])),
      }),
  };
}

const ada = 'ada@example.org/gajim';

const submitted = (values: Record<string, string>): Element =>
  xml(
    'x',
    { xmlns: 'jabber:x:data', type: 'submit' },
    ...Object.entries(values).map(([name, text]) =>
      xml('field', { var: name }, xml('value', {}, text)),
    ),
  );

function formIn(answer: Element) {
  const x = answer.getChild('x', 'jabber:x:data');
  if (x === undefined) throw new Error('no form');
  return readForm(x);
}
const fieldsOf = (answer: Element) =>
  Object.fromEntries(formIn(answer).fields.map(({ name, values }) => [name, values[0] ?? '']));
const noteOf = (answer: Element) => answer.getChildText('note');

describe('ad-hoc commands (XEP-0050)', () => {
  it('are listed: what the asker may do (section 2.2)', async () => {
    const { disco } = bot();
    const payload = xml('query', { xmlns: NS_ITEMS, node: NS });
    const nodes = async (who: string) =>
      (await disco.items({ from: parseJid(who), payload })).getChildren('item');
    const adas = await nodes(ada);
    expect(adas[0]?.attrs).toEqual({
      jid: 'bot@example.org/dispatcher.1',
      node: 'lift',
      name: 'heavy job',
    });
    expect(adas.map(({ attrs }) => attrs['node'])).not.toContain('exit');
    const roots = await nodes('root@example.org/x');
    expect(roots.map(({ attrs }) => attrs['node'])).toContain('exit');
    expect(await nodes('eve@elsewhere.example/x')).toEqual([]);
  });

  it('and the bot itself tell strangers nothing of what is done here (XEP-0030)', async () => {
    const { disco } = bot();
    const eve = parseJid('eve@elsewhere.example/x');
    const query = (node?: string) => xml('query', { xmlns: NS_ITEMS, node });
    expect((await disco.items({ from: eve, payload: query() })).children).toEqual([]);
    const told = String(await disco.info({ from: eve, payload: query() }));
    expect(told).not.toMatch(/heavylift|commands/i);
    for (const node of [NS, 'lift', 'status', 'nothing']) {
      const asked = disco.info({ from: eve, payload: query(node) });
      await expect(asked).rejects.toThrow(`there is no node ${node}`);
    }
    const adas = await disco.info({ from: parseJid(ada), payload: query('lift') });
    expect(String(adas)).toContain('heavy job');
    // Nor is an own user told what only administrators may.
    const exit = disco.info({ from: parseJid(ada), payload: query('exit') });
    await expect(exit).rejects.toThrow('there is no node exit');
  });

  it('ask by the form of the handler, and when, where and how urgently', async () => {
    const { execute, ran } = bot();
    const answer = await execute('lift', { action: 'execute' });
    expect(answer.attrs).toMatchObject({ status: 'executing', node: 'lift' });
    const { fields } = formIn(answer);
    expect(fields.map(({ name }) => name)).toEqual([
      'count',
      'heavylift#submission',
      'heavylift#when',
      'heavylift#on',
      'heavylift#within',
      'heavylift#priority',
    ]);
    const count = answer.getChild('x')?.getChildByAttr('var', 'count');
    expect(count?.getChild('validate')?.getChild('range')?.attrs).toEqual({
      min: '1',
      max: '1000',
    });
    expect(ran).toEqual([]);
  });

  it('run what was filled in, and tell programs the job', async () => {
    const { execute, ran } = bot();
    const asked = await execute('lift');
    const { sessionid } = asked.attrs;
    const form = submitted({
      ...fieldsOf(asked),
      count: '5',
      'heavylift#when': 'every "0 6 * * *"',
      'heavylift#on': 'all',
      'heavylift#priority': '7',
    });
    const answer = await execute('lift', { sessionid, action: 'complete' }, form);
    expect(answer.attrs).toMatchObject({ status: 'completed', sessionid });
    expect(noteOf(answer)).toBe('Scheduled heavy job... #7');
    expect(fieldsOf(answer)).toEqual({ 'job-id': entry.id, number: '7' });
    expect(ran).toEqual([
      {
        spec: lift,
        args: { count: 5 },
        clauses: {
          when: { kind: 'every', cron: '0 6 * * *' },
          target: { kind: 'all' },
          priority: 7,
        },
        requester: { jid: ada, messageType: 'command', messageId: sessionid },
      },
    ]);
  });

  it('a form sent twice is one submission, and two forms are two', async () => {
    const { execute, ran } = bot();
    const [one, two] = [await execute('lift'), await execute('lift')];
    const send = (asked: Element) =>
      execute('lift', { action: 'complete' }, submitted(fieldsOf(asked)));
    await send(one);
    await send(one);
    await send(two);
    const ids = ran.map(({ requester }) => requester.messageId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('go on with the trace of the program that asks, and with none that is malformed', async () => {
    const { execute, ran } = bot();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (const given of [traceparent, 'nonsense'])
      await execute('lift', {}, submitted({ count: '5', 'heavylift#traceparent': given }));
    expect(ran.map((request) => request.traceparent)).toEqual([traceparent, undefined]);
  });

  it('run in a single step, with a form or without', async () => {
    const { execute, ran } = bot();
    await execute('lift', {}, submitted({ count: '5' }));
    await execute('lift', { action: 'complete' });
    expect(ran.map(({ args }) => args)).toEqual([{ count: 5 }, { count: 30 }]);
    expect(noteOf(await execute('version'))).toBe('Heavylift 1.2.3');
  });

  it('say in the form what is wrong with it, and keep what was filled in', async () => {
    const { execute, ran } = bot();
    const form = submitted({ count: 'many', 'heavylift#on': 'lifter-1' });
    const answer = await execute('lift', { sessionid: 's1', action: 'complete' }, form);
    expect(answer.attrs['status']).toBe('executing');
    expect(answer.getChild('note')?.attrs['type']).toBe('error');
    expect(noteOf(answer)).toBe('count is "many", expected a whole number from 1 to 1000');
    expect(fieldsOf(answer)).toMatchObject({ count: 'many', 'heavylift#on': 'lifter-1' });
    expect(ran).toEqual([]);
  });

  it.each<[string, string, Record<string, string> | undefined, string, string]>([
    ['a wrong argument', 'lift', { count: '0' }, ada, 'bad-request'],
    ['a wrong clause', 'lift', { 'heavylift#when': 'soon' }, ada, 'bad-request'],
    ['a field that is not there', 'lift', { cuont: '5' }, ada, 'bad-request'],
    ['a command that is not there', 'dance', undefined, ada, 'item-not-found'],
    ['a job that is not there', 'cancel', { job: '99' }, ada, 'item-not-found'],
    ["somebody else's job", 'cancel', { job: '8' }, ada, 'forbidden'],
    ['what only an administrator may', 'exit', { all: 'all' }, ada, 'forbidden'],
    ['a stranger', 'lift', {}, 'eve@elsewhere.example/x', 'forbidden'],
    ['a job that has not failed', 'retry', { job: '7' }, ada, 'not-acceptable'],
  ])('a program is told of %s by a stanza error', async (_, node, values, who, condition) => {
    const { execute, done, ran } = bot();
    const form = values && submitted(values);
    await expect(execute(node, {}, form, who)).rejects.toMatchObject({ stanza: { condition } });
    expect([...done, ...ran]).toEqual([]);
  });

  it('a program learns how a job stands', async () => {
    const { execute } = bot();
    expect(fieldsOf(await execute('status', {}, submitted({ job: '7' })))).toEqual({
      'job-id': entry.id,
      number: '7',
      kind: 'lift',
      state: 'running',
      attempt: '1',
      lifter: 'lifter-1',
    });
  });

  it('lists are tables (XEP-0004 section 3.4)', async () => {
    const { execute } = bot();
    const form = (await execute('jobs', {}, submitted({}))).getChild('x');
    const columns = form?.getChild('reported')?.getChildren('field');
    expect(columns?.map(({ attrs }) => attrs['var'])).toEqual([
      'job-id',
      'number',
      'kind',
      'state',
    ]);
    const rows = form
      ?.getChildren('item')
      .map((item) => item.getChildren('field').map((field) => field.getChildText('value')));
    expect(rows).toEqual([[entry.id, '7', 'lift', 'running']]);
  });

  it('stop the system for an administrator, when the answer is on its way', async () => {
    const { execute, ended } = bot();
    const answer = await execute('exit', {}, submitted({}), 'root@example.org/x');
    expect(noteOf(answer)).toBe('Bye.');
    expect(ended).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual(['root@example.org said exit']);
  });

  it('can be broken off, and not gone back in', async () => {
    const { execute } = bot();
    const cancelled = await execute('lift', { action: 'cancel', sessionid: 's1' });
    expect(cancelled.attrs['status']).toBe('canceled');
    await expect(execute('lift', { action: 'prev', sessionid: 's1' })).rejects.toMatchObject({
      stanza: { condition: 'bad-request' },
    });
  });

  it('are refused to who asks too much', async () => {
    const { execute } = bot();
    for (let i = 0; i < 50; i += 1) await execute('version');
    await expect(execute('version')).rejects.toMatchObject({
      stanza: { type: 'wait', condition: 'policy-violation' },
    });
  });
});

describe('forms that are filled in by any client (XEP-0004)', () => {
  const field = (name: string, ...values: string[]) =>
    xml('field', { var: name }, ...values.map((text) => xml('value', {}, text)));
  const form = (type: string | undefined, ...fields: Element[]) =>
    xml('x', { xmlns: 'jabber:x:data', type }, ...fields);
  const refusal = (answer: Promise<Element>) => answer.then(String, ({ stanza }) => stanza);

  it('have numbers with blanks around them, or with the # that people see', async () => {
    const { execute, ran } = bot();
    for (const text of ['5 ', ' 5', '#5', '5\n'])
      await execute('lift', {}, form('submit', field('count', text)));
    expect(ran.map(({ args }) => args)).toEqual(Array(4).fill({ count: 5 }));
    expect(noteOf(await execute('status', {}, form('submit', field('job', '#7'))))).toContain('#7');
  });

  it('do not run the job if they are cancelled, whatever the action is', async () => {
    const { execute, ran, ended } = bot();
    for (const action of ['execute', 'complete', 'next']) {
      const answer = await execute('lift', { action, sessionid: 's' }, form('cancel'));
      expect(answer.attrs).toMatchObject({ status: 'canceled', sessionid: 's' });
    }
    await execute('exit', { action: 'execute' }, form('cancel'), 'root@example.org/x');
    expect([...ran, ...ended]).toEqual([]);
  });

  it.each([
    ['a form that asks', form('form', field('count', '5')), {}],
    ['a field twice', form('submit', field('count', '5'), field('count', '6')), {}],
    ['a step back where there is none', form('submit'), { action: 'prev' }],
    ['an endless session id', form('submit'), { sessionid: 's'.repeat(257) }],
  ])('are refused: %s', async (_, filled, attrs) => {
    const { execute, ran } = bot();
    expect(await refusal(execute('lift', attrs, filled))).toMatchObject({
      condition: 'bad-request',
    });
    expect(ran).toEqual([]);
  });

  it('may have fields named like what every object has, given or not', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    const fields = names.map((name) => ({ name, type: 'text', required: false }) as const);
    const { execute, ran } = bot({ specs: new Map([['lift', { ...lift, fields }]]) });
    await execute('lift', {}, form('submit'));
    await execute('lift', {}, form('submit', ...names.map((name) => field(name, `a ${name}`))));
    expect(ran.map(({ args }) => Object.entries(args))).toEqual([
      [],
      names.map((name) => [name, `a ${name}`]),
    ]);
  });
});
