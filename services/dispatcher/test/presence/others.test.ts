import type { IqRequest } from '@heavylift/xmpp-pubsub';
import { parseJid } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createOthers } from '../../src/presence/others.js';

const self = parseJid('bot@x/dispatcher.1');

describe('the rest of the system', () => {
  function others() {
    const told: IqRequest[] = [];
    const request = async (iq: IqRequest) => {
      told.push(iq);
      return undefined;
    };
    const all = createOthers({
      session: { request },
      lifters: () => ['lifter-1@x/a'],
      onFailure: () => undefined,
    });
    return {
      all,
      told: () => told.map(({ to }) => to),
      orders: () => told.map(({ payload }) => payload.attrs),
    };
  }

  it('is told to end: lifters first, then whoever else is online as the bot', () => {
    const { all, told, orders } = others();
    for (const from of ['bot@x/dispatcher.1', 'bot@x/voice', 'bot@x/dispatcher.2', 'ada@x/phone'])
      all.presence(xml('presence', { from }), self);
    all.presence(xml('presence', { from: 'bot@x/dispatcher.2', type: 'unavailable' }), self);
    expect(all.shutdown('you@x')).toBe(2);
    expect(told()).toEqual(['lifter-1@x/a', 'bot@x/voice']);
    expect(orders()[0]).toMatchObject({ xmlns: 'urn:heavylift:control:1', by: 'you@x' });
  });

  it('is not known after a break', () => {
    const { all } = others();
    all.presence(xml('presence', { from: 'bot@x/voice' }), self);
    all.forget();
    expect(all.shutdown('you@x')).toBe(1);
  });
});
