import type { Element } from '@xmpp/xml';
import { isWhomWeMeant } from '../jid.js';
import type { Unlisten } from '../session/types.js';
import { eventElement, parseEvents } from './parse-event.js';
import { attribute, childElements } from './read-xml.js';
import type { PayloadCodec, PubSubEvent } from './types/event.js';
import type { Wire } from './wire.js';

type Take = (event: PubSubEvent<Element>) => void;

/** Brings the events of one service to those who asked for their node. */
export interface Dispatcher {
  readonly malformedEvents: number;
  take(node: string, take: Take): Unlisten;
}

/** Listens to the session only while somebody listens here, so a service need not be closed. */
export function createDispatcher(wire: Wire): Dispatcher {
  const own = wire.jid.toString();
  const takers = new Map<string, readonly Take[]>();
  let malformedEvents = 0;
  let unlisten: Unlisten | undefined;

  const isFromService = (message: Element) => {
    const from = attribute(message, 'from');
    return from !== undefined && isWhomWeMeant(from, own);
  };

  /** Events of other services are not for us, unless they pretend to be. */
  function ignoreForeign(message: Element, event: Element): void {
    const nodes = childElements(event).map((part) => attribute(part, 'node'));
    const node = nodes.find((each) => each !== undefined && takers.has(each));
    if (node === undefined) return;
    const { from }: Record<string, unknown> = message.attrs;
    wire.log?.warn({ node, from }, 'an event was ignored: it does not come from the service');
    wire.onIgnored({ reason: 'foreign-event', node });
  }

  const receive = (message: Element) => {
    const event = eventElement(message);
    if (event === undefined) return;
    if (!isFromService(message)) {
      ignoreForeign(message, event);
      return;
    }
    let events: PubSubEvent<Element>[];
    try {
      events = parseEvents(message, event);
    } catch (error) {
      malformedEvents += 1;
      wire.log?.warn({ err: error, from: own }, 'an event was not understood');
      wire.onIgnored({ reason: 'malformed-event' });
      return;
    }
    for (const each of events) for (const take of takers.get(each.node) ?? []) take(each);
  };

  return {
    get malformedEvents() {
      return malformedEvents;
    },
    take(node, take) {
      const mine: Take = (event) => take(event);
      takers.set(node, [...(takers.get(node) ?? []), mine]);
      unlisten ??= wire.session.on('stanza', receive);
      return () => {
        const rest = (takers.get(node) ?? []).filter((each) => each !== mine);
        if (rest.length > 0) takers.set(node, rest);
        else takers.delete(node);
        if (takers.size > 0) return;
        unlisten?.();
        unlisten = undefined;
      };
    },
  };
}

export type Listen<T> = (listener: (event: PubSubEvent<T>) => void) => Unlisten;

/** Decodes the events of a node for its listeners, once for all of them. */
export function listening<T>(
  wire: Wire,
  dispatcher: Dispatcher,
  node: string,
  codec: PayloadCodec<T>,
): Listen<T> {
  let listeners: readonly ((event: PubSubEvent<T>) => void)[] = [];
  let untake: Unlisten | undefined;

  const take = (raw: PubSubEvent<Element>) => {
    const event = decodeEvent(wire, codec, raw);
    if (event === undefined) return;
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        wire.log?.warn({ err: error, node, event: event.type }, 'a listener failed');
      }
    }
  };

  return (listener) => {
    const mine = (event: PubSubEvent<T>) => listener(event);
    listeners = [...listeners, mine];
    untake ??= dispatcher.take(node, take);
    return () => {
      listeners = listeners.filter((each) => each !== mine);
      if (listeners.length > 0) return;
      untake?.();
      untake = undefined;
    };
  };
}

/** @returns nothing if no item of it could be decoded */
function decodeEvent<T>(
  wire: Wire,
  codec: PayloadCodec<T>,
  event: PubSubEvent<Element>,
): PubSubEvent<T> | undefined {
  if (event.type !== 'published') return event;
  const items = event.items.flatMap((item) => wire.decode(codec, event.node, item) ?? []);
  return items.length === 0 && event.withoutPayload === undefined ? undefined : { ...event, items };
}
