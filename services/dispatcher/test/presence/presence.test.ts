import { mostOrders, SYSTEM_NAMESPACE, systemCodec } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { systemPresence } from '../../src/presence/presence.js';

describe("the bot's presence", () => {
  it('says to people and to programs how the system stands', () => {
    const state = { lifters: 2, slots: 8, busy: 3, waiting: 0 };
    const presence = systemPresence(state);
    expect(presence.getChildText('status')).toBe('2 lifters, 3 of 8 slots busy, 0 waiting');
    const [payload] = presence.getChildren('system', SYSTEM_NAMESPACE);
    expect(payload && systemCodec.decode(payload)).toEqual({ ...state, orders: mostOrders });
  });

  it('says nothing to programs before it knows', () => {
    const presence = systemPresence(undefined);
    expect(presence.getChildText('status')).toBe('starting');
    expect(presence.getChild('system', SYSTEM_NAMESPACE)).toBeUndefined();
  });
});
