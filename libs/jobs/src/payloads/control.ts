import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { expectElement, text } from '../xml/read.js';

export const CONTROL_NAMESPACE = 'urn:heavylift:control:1';

/** Whoever had the system stopped. */
export interface ShutdownOrder {
  /** Bare JID. */
  readonly by: string;
}

/** The IQ `set` by which the bot has a part of the system end as on SIGTERM. To be obeyed only if it comes from the bot's account. */
export const shutdownCodec: PayloadCodec<ShutdownOrder> = {
  encode: ({ by }) => xml('shutdown', { xmlns: CONTROL_NAMESPACE, by }),
  decode(element) {
    expectElement(element, 'shutdown', CONTROL_NAMESPACE);
    return { by: text(element, 'by') };
  },
};
