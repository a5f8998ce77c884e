import { XmppError } from '../errors.js';
import type { Unlisten } from '../session/types.js';
import type { Listen } from './dispatch.js';
import { wholeNumber } from './paging.js';
import type { PubSubEvent } from './types/event.js';
import type { EventIteratorOptions } from './types/node.js';

/** Turns a listener into an async iterator with a bounded buffer. It listens from the call on, not from the first `next()`. */
export function iterateEvents<T>(
  node: string,
  listen: Listen<T>,
  { maxBuffered = 1_024, signal }: EventIteratorOptions = {},
): AsyncIterableIterator<PubSubEvent<T>> {
  wholeNumber(maxBuffered, 'maxBuffered');
  type Result = IteratorResult<PubSubEvent<T>, undefined>;
  type Consumer = { resolve(result: Result): void; reject(error: XmppError): void };

  const buffer: PubSubEvent<T>[] = [];
  const consumers: Consumer[] = [];
  let failure: XmppError | undefined;
  let ended = false;
  let unlisten: Unlisten = () => undefined;

  const end = () => {
    ended = true;
    unlisten();
    signal?.removeEventListener('abort', end);
    for (const consumer of consumers.splice(0)) consumer.resolve({ done: true, value: undefined });
  };

  const receive = (event: PubSubEvent<T>) => {
    const consumer = consumers.shift();
    if (consumer !== undefined) {
      consumer.resolve({ done: false, value: event });
      return;
    }
    if (buffer.length < maxBuffered) {
      buffer.push(event);
      return;
    }
    failure = new XmppError(
      'slow-consumer',
      `more than ${maxBuffered} events of ${node} wait for a consumer that does not keep up: consume faster, or raise maxBuffered`,
    );
    end();
  };

  if (signal?.aborted) ended = true;
  else {
    unlisten = listen(receive);
    signal?.addEventListener('abort', end, { once: true });
  }

  const next = (): Promise<Result> => {
    const event = buffer.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (failure !== undefined) {
      const error = failure;
      failure = undefined;
      return Promise.reject(error);
    }
    if (ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => consumers.push({ resolve, reject }));
  };

  return {
    next,
    return() {
      buffer.length = 0;
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
