import type { Dispatcher } from './dispatch.js';
import { listening } from './dispatch.js';
import { iterateEvents } from './event-iterator.js';
import { owning } from './owning.js';
import { publishing } from './publishing.js';
import { reading } from './reading.js';
import { replicate } from './replica.js';
import { subscribing } from './subscribing.js';
import type { PayloadCodec } from './types/event.js';
import type { PubSubNode } from './types/node.js';
import type { Wire } from './wire.js';

/** Puts together what one can do with a node. */
export function createNodeHandle<T>(
  wire: Wire,
  dispatcher: Dispatcher,
  name: string,
  codec: PayloadCodec<T>,
): PubSubNode<T> {
  const on = listening(wire, dispatcher, name, codec);
  const node: PubSubNode<T> = {
    name,
    ...publishing(wire, name, codec),
    ...reading(wire, name, codec),
    ...subscribing(wire, name),
    ...owning(wire, name),
    on,
    events: (options) => iterateEvents(name, on, options),
    replicate: (observer, options) => replicate(wire, node, on, observer, options),
  };
  return node;
}
