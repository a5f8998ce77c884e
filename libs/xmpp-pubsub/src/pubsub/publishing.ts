import xml, { type Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { publishOptions } from './node-config.js';
import { wholeNumber } from './paging.js';
import { attribute, childOf, malformed } from './read-xml.js';
import type { PayloadCodec } from './types/event.js';
import type { PublishOptions, PubSubNode } from './types/node.js';
import { pubsub, type Wire } from './wire.js';

/** Publishing and retracting (XEP-0060 sections 7.1 and 7.2). */
export function publishing<T>(
  wire: Wire,
  node: string,
  codec: PayloadCodec<T>,
): Pick<PubSubNode<T>, 'publish' | 'publishAll' | 'retract'> {
  const publish = async (value: T, options?: PublishOptions) => {
    const id = options?.id;
    const item = xml('item', id === undefined ? {} : { id }, codec.encode(value));
    const action = xml('publish', { node }, item);
    const preconditions = options?.preconditions;
    const request =
      preconditions === undefined
        ? pubsub(action)
        : pubsub(action, xml('publish-options', {}, publishOptions.write(preconditions)));
    const answer = await wire.set(request, options);
    return confirmedId(answer) ?? id ?? missingId(answer);
  };

  return {
    publish,

    async publishAll(entries, { inFlight = 16, ...options } = {}) {
      wholeNumber(inFlight, 'inFlight');
      const outcomes: PromiseSettledResult<string>[] = [];
      let running = 0;
      let settled: (() => void) | undefined;
      const below = async (limit: number) => {
        while (running >= limit) {
          await new Promise<void>((resolve) => {
            settled = resolve;
          });
        }
      };
      const settle = (slot: number, outcome: PromiseSettledResult<string>) => {
        outcomes[slot] = outcome;
        running -= 1;
        settled?.();
      };

      let slots = 0;
      try {
        for await (const { value, id } of entries) {
          if (options.signal?.aborted) {
            throw new XmppError('aborted', `publishing to ${node} was ended by its signal`);
          }
          const slot = slots++;
          running += 1;
          publish(value, id === undefined ? options : { ...options, id }).then(
            (published) => settle(slot, { status: 'fulfilled', value: published }),
            (reason: unknown) => settle(slot, { status: 'rejected', reason }),
          );
          await below(inFlight);
        }
      } finally {
        await below(1);
      }
      return outcomes;
    },

    async retract(id, { notify = true, ...options } = {}) {
      const item = xml('item', { id });
      await wire.set(pubsub(xml('retract', { node, notify: String(notify) }, item)), options);
    },
  };
}

function confirmedId(answer: Element | undefined): string | undefined {
  const publish = answer && childOf(answer, 'publish');
  const item = publish && childOf(publish, 'item');
  return item && attribute(item, 'id');
}

function missingId(answer: Element | undefined): never {
  throw malformed('the answer to a publish without an id names no item', answer);
}
