import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import type { SystemState } from '../domain/system.js';
import { expectElement, integer, optionalInteger, present } from '../xml/read.js';

export const SYSTEM_NAMESPACE = 'urn:heavylift:system:1';

/** What the bot's presence carries for programs, beside the status line for people. */
export const systemCodec: PayloadCodec<SystemState> = {
  encode: ({ lifters, slots, busy, waiting, orders }) =>
    xml('system', { xmlns: SYSTEM_NAMESPACE, lifters, slots, busy, waiting, orders }),

  decode(element) {
    expectElement(element, 'system', SYSTEM_NAMESPACE);
    return {
      lifters: integer(element, 'lifters', 0),
      slots: integer(element, 'slots', 0),
      busy: integer(element, 'busy', 0),
      waiting: integer(element, 'waiting', 0),
      ...present({ orders: optionalInteger(element, 'orders', 1) }),
    };
  },
};
