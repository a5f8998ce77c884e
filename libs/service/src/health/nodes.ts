import {
  isXmppError,
  type PayloadCodec,
  type PubSubNode,
  type PubSubService,
  type ReplicaObserver,
} from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { messageOf } from '../errors.js';
import type { Health } from './health.js';

/**
 * How long a request that failed is held against a service, in milliseconds. Whoever still needs the
 * answer has asked again by then; whoever stands by now does not need it.
 */
const rememberedMs = 60_000;

/**
 * The same service, but a node that cannot be read or written is a condition of readiness: a process
 * that is online and never hears of its work is not ready. A whole read counts, and every publish.
 */
export function watchNodes(pubsub: PubSubService, health: Health): PubSubService {
  function node(name: string): PubSubNode<Element>;
  function node<T>(name: string, codec: PayloadCodec<T>): PubSubNode<T>;
  function node(name: string, codec?: PayloadCodec<unknown>) {
    return codec === undefined
      ? watchNode(pubsub.node(name), health)
      : watchNode(pubsub.node(name, codec), health);
  }
  return {
    ...pubsub,
    // A spread would keep the numbers of this moment.
    get malformedEvents() {
      return pubsub.malformedEvents;
    },
    get malformedItems() {
      return pubsub.malformedItems;
    },
    node,
  };
}

function watchNode<T>(node: PubSubNode<T>, health: Health): PubSubNode<T> {
  const reading = attempts(`read ${node.name}`, 'cannot be read', health);
  const writing = attempts(`write ${node.name}`, 'cannot be written', health);
  return {
    ...node,
    items: (options) =>
      // Who asks for one item may well ask for one that is not there.
      options?.ids === undefined ? reading(node.items(options)) : node.items(options),
    publish: (value, options) => writing(node.publish(value, options)),
    replicate(observer, options) {
      const { watched, withdraw } = watchReplica(node.name, observer, health);
      const replica = node.replicate(watched, options);
      const stop = async () => {
        withdraw();
        await replica.stop();
      };
      return { ...replica, stop, [Symbol.asyncDispose]: stop };
    },
  };
}

/** Not ready until it has been read, and after each read that failed, until one succeeds. */
function watchReplica<T>(name: string, observer: ReplicaObserver<T>, health: Health) {
  let complaint: string | undefined = 'not read yet';
  const withdraw = health.require(`read ${name}`, () => complaint);
  const watched: ReplicaObserver<T> = {
    reset(items) {
      complaint = undefined;
      observer.reset(items);
    },
    event: (event) => observer.event(event),
    failed(error) {
      if (isOfTheNode(error)) complaint = complaintOf('cannot be read', error);
      observer.failed?.(error);
    },
  };
  return { watched, withdraw };
}

/** Single requests: the last one counts, and not for ever. */
function attempts(name: string, what: string, health: Health) {
  let failure: { readonly said: string; readonly at: number } | undefined;
  let isRequired = false;
  const complaint = () =>
    failure !== undefined && performance.now() - failure.at < rememberedMs
      ? failure.said
      : undefined;
  return async <R>(request: Promise<R>): Promise<R> => {
    try {
      const answer = await request;
      failure = undefined;
      return answer;
    } catch (error) {
      if (isOfTheNode(error)) {
        failure = { said: complaintOf(what, error), at: performance.now() };
        if (!isRequired) health.require(name, complaint);
        isRequired = true;
      }
      throw error;
    }
  };
}

const complaintOf = (what: string, error: unknown): string =>
  `${what}: ${messageOf(error)} (\`heavylift doctor\` says what to do)`;

/** Of the connection, the session's own condition tells; of what was to be sent, nobody's readiness. */
const isOfTheNode = (error: unknown): boolean =>
  isXmppError(error, 'stanza-error', 'timeout', 'malformed-answer');
