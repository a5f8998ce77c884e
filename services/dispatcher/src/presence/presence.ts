import { mostOrders, type SystemState, systemCodec } from '@heavylift/jobs';
import { availability } from '@heavylift/service';
import type { Element } from '@xmpp/xml';
import { systemStatus, texts } from '../chat/texts.js';

/** Chat to the bot's bare JID reaches the session with this priority or none (RFC 6121 section 8.5.2). */
const activePriority = 1;

/** The presence of a dispatcher in office: a line for people, numbers for programs. Without a state it is just starting. */
export function systemPresence(state: SystemState | undefined): Element {
  if (state === undefined) return availability(activePriority, texts.startingStatus);
  const presence = availability(activePriority, systemStatus(state));
  presence.append(systemCodec.encode({ ...state, orders: mostOrders }));
  return presence;
}
