import { jid } from '@xmpp/jid';
import { expect, it } from 'vitest';
import { trustPublishers } from '../src/trust.js';

it('lets through only what one of the accounts published, and names the rest', () => {
  const refused: string[] = [];
  const trust = trustPublishers(['bot@x'], ({ id, publisher }) =>
    refused.push(`${id} ${publisher}`),
  );
  const items = [
    { id: '1', value: 1, publisher: jid('bot@x/a') },
    { id: '2', value: 2, publisher: jid('eve@x/bot@x') },
    { id: '3', value: 3, publisher: jid('bot@x.evil/a') },
    { id: '4', value: 4 },
  ];
  expect(trust(items).map(({ id }) => id)).toEqual(['1']);
  expect(refused).toEqual(['2 eve@x/bot@x', '3 bot@x.evil/a', '4 undefined']);
});
