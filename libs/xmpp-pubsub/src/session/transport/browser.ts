import { XmppError } from '../../errors.js';
import type { Platform } from './types.js';
import { dialWebSocket, webSocketRefusal } from './websocket.js';

/** A browser speaks XMPP over WebSocket only. Stands in for `node.ts` by the `browser` condition. */
export const platform: Platform = {
  refusal: (service) =>
    /^wss?:\/\//.test(service) ? webSocketRefusal() : 'a browser can only use wss:// or ws://',
  caRefusal: () => 'a browser trusts the authorities that its user chose, and no others',
  lookUp: () => Promise.resolve([]),
  dial(target, options) {
    if (target.kind === 'websocket') return dialWebSocket(target.url, options);
    throw new XmppError('invalid-option', 'A browser can only use wss:// or ws://');
  },
};
