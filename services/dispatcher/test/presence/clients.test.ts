import type { IqRequest } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createClients } from '../../src/presence/clients.js';

const NS = 'http://jabber.org/protocol/disco#info';
const states = 'http://jabber.org/protocol/chatstates';

function clients(limit: number) {
  const asked: (string | undefined)[] = [];
  const request = async ({ to }: IqRequest) => {
    asked.push(to);
    if (to === 'mute@x/y') throw new Error('no answer');
    return xml('query', { xmlns: NS }, xml('feature', { var: states }));
  };
  return { asked, clients: createClients({ request }, { limit }) };
}

describe("what people's clients can do (XEP-0030)", () => {
  it('is asked once, and remembered', async () => {
    const { asked, clients: known } = clients(10);
    expect(await known.supports('ada@x/y', states)).toBe(true);
    expect(await known.supports('ada@x/y', states)).toBe(true);
    expect(asked).toEqual(['ada@x/y']);
    expect(await known.supports('ada@x/y', 'other')).toBe(false);
  });

  it('is nothing where no answer comes, and that is not asked again and again either', async () => {
    const { asked, clients: known } = clients(10);
    expect(await known.supports('mute@x/y', states)).toBe(false);
    expect(await known.supports('mute@x/y', states)).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it('is forgotten of those who have not been here for longest', async () => {
    const { asked, clients: known } = clients(2);
    for (const who of ['a@x/y', 'b@x/y', 'c@x/y', 'a@x/y']) await known.supports(who, states);
    expect(asked).toEqual(['a@x/y', 'b@x/y', 'c@x/y', 'a@x/y']);
  });
});
