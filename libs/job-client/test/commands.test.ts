import type { IqRequest } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { expect, it } from 'vitest';
import { createCommands } from '../src/commands.js';

const answer = xml(
  'command',
  { xmlns: 'http://jabber.org/protocol/commands', status: 'completed' },
  xml('note', { type: 'info' }, 'Scheduled heavy job... #7'),
  xml(
    'x',
    { xmlns: 'jabber:x:data', type: 'result' },
    xml('field', { var: 'job-id' }, xml('value', {}, 'an id')),
    xml('field', { var: 'number' }, xml('value', {}, '7')),
  ),
);

it('orders of a dispatcher that takes none are commands, with a form each (XEP-0050)', async () => {
  const asked: Element[] = [];
  const commands = createCommands(
    {
      async request({ payload }: IqRequest) {
        asked.push(payload);
        return answer;
      },
    },
    { whenThere: async () => ({ jid: 'bot@example.org/old', orders: 0 }), stop: () => undefined },
  );
  const order = { command: 'lift', submission: 's-1', fields: { count: '5' } };
  expect(await commands.order(order, new AbortController().signal)).toEqual({
    ...{ id: 'an id', number: 7, text: 'Scheduled heavy job... #7', attempts: 1 },
  });
  const fields = asked[0]?.getChild('x')?.getChildren('field') ?? [];
  expect(fields.map((field) => [field.attrs['var'], field.getChildText('value')])).toEqual([
    ['count', '5'],
    ['heavylift#submission', 's-1'],
  ]);
});
