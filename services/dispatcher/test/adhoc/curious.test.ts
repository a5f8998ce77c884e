import { parseJid } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { expect, it } from 'vitest';
import { createCurious } from '../../src/adhoc/curious.js';

it('what anybody may ask is bounded, for each account and for all together', async () => {
  const curious = createCurious(() => 0);
  let answered = 0;
  const ask = curious.limited(async () => {
    answered += 1;
    return undefined;
  });
  const payload = xml('query');
  const from = parseJid('eve@example.org/x');
  for (let count = 0; count < 100; count += 1)
    await ask({ from, payload }).catch((error: unknown) =>
      expect(error).toMatchObject({ stanza: { type: 'wait', condition: 'policy-violation' } }),
    );
  expect(answered).toBe(60);
  for (let count = 0; count < 50_000; count += 1) curious.mayAsk(`made-up-${count}@example.org`);
  expect(curious.mayAsk('ada@example.org')).toBe(false);
});
