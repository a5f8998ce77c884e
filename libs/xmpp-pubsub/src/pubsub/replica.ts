import { isXmppError, XmppError } from '../errors.js';
import type { Listen } from './dispatch.js';
import { wholeNumber } from './paging.js';
import { createPending, type Pending } from './pending.js';
import type { Item, PubSubEvent } from './types/event.js';
import type { PubSubNode } from './types/node.js';
import type { Replica, ReplicaObserver, ReplicaOptions } from './types/replica.js';
import type { Wire } from './wire.js';

type Source<T> = Pick<PubSubNode<T>, 'name' | 'pages' | 'subscribe'>;

interface Waiter {
  readonly goal: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Keeps an observer in step with a node. */
export function replicate<T>(
  wire: Wire,
  source: Source<T>,
  listen: Listen<T>,
  observer: ReplicaObserver<T>,
  options: ReplicaOptions = {},
): Replica {
  const { subscribe = false, pageSize = 500, maxPending = 10_000, backoff = {} } = options;
  const { initialMs = 250, maxMs = 15_000 } = backoff;
  wholeNumber(pageSize, 'pageSize');
  wholeNumber(maxPending, 'maxPending');

  const abort = new AbortController();
  const { signal } = abort;
  let waiters: readonly Waiter[] = [];
  // Reads are numbered: `wanted` is the last asked for, `done` the last that succeeded.
  let wanted = 0;
  let done = 0;
  let busy = false;
  let loop: Promise<void> = Promise.resolve();
  // There is one while a read is under way.
  let pending: Pending<T> | undefined;
  let wake: (() => void) | undefined;

  const call = (what: string, act: () => void) => {
    if (signal.aborted) return;
    try {
      act();
    } catch (error) {
      wire.log?.warn({ err: error, node: source.name }, `an observer's ${what} failed`);
    }
  };

  const receive = (event: PubSubEvent<T>) => {
    pending?.add(event);
    // What comes before the first reset is part of it, or passed on after it.
    if (done === 0) return;
    call('event', () => observer.event(event));
    if (needsReading(event)) ask();
  };

  /** @returns whether it succeeded: not if more changed meanwhile than may be kept */
  const read = async () => {
    const held = createPending<T>(maxPending);
    pending = held;
    try {
      if (subscribe) await source.subscribe({ signal });
      const content = new Map<string, Item<T>>();
      for await (const page of source.pages({ pageSize, signal })) {
        for (const item of page) content.set(item.id, item);
        if (held.overflown) break;
      }
      if (held.overflown) {
        wire.log?.warn({ node: source.name, maxPending }, 'too much changed during a read');
        return false;
      }
      const isFirst = done === 0;
      held.applyTo(content);
      pending = undefined;
      call('reset', () => observer.reset([...content.values()]));
      if (isFirst) for (const event of held.others) call('event', () => observer.event(event));
      if (isFirst && held.others.some(needsReading)) wanted += 1;
      return true;
    } finally {
      pending = undefined;
    }
  };

  const succeed = (goal: number) => {
    done = goal;
    const served = waiters.filter((waiter) => waiter.goal <= goal);
    waiters = waiters.filter((waiter) => waiter.goal > goal);
    for (const waiter of served) waiter.resolve();
  };

  const run = async () => {
    let failures = 0;
    while (done < wanted && !signal.aborted) {
      const goal = wanted;
      try {
        if (await read()) {
          succeed(goal);
          failures = 0;
          continue;
        }
      } catch (error) {
        if (isXmppError(error, 'stopped')) return end(error);
        if (!isXmppError(error, 'not-online')) call('failed', () => observer.failed?.(error));
      }
      await rest(Math.random() * Math.min(maxMs, initialMs * 2 ** failures));
      failures += 1;
    }
    busy = false;
  };

  /** Ends early when there is reason to read at once. */
  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(() => wake?.(), ms);
      wake = () => {
        clearTimeout(timer);
        wake = undefined;
        resolve();
      };
    });

  const ask = () => {
    wanted += 1;
    wake?.();
    if (busy || signal.aborted) return;
    busy = true;
    loop = run();
  };

  const refresh = () => {
    if (signal.aborted) return Promise.reject(stopped(source.name));
    const promise = new Promise<void>((resolve, reject) => {
      waiters = [...waiters, { goal: wanted + 1, resolve, reject }];
    });
    ask();
    return promise;
  };

  const unlisteners = [
    listen(receive),
    wire.session.on('online', ({ resumed }) => (resumed ? wake?.() : ask())),
    wire.session.on('giving-up', ({ error }) => end(error)),
  ];

  const end = (error: unknown) => {
    if (signal.aborted) return;
    abort.abort();
    for (const unlisten of unlisteners) unlisten();
    wake?.();
    const left = waiters;
    waiters = [];
    for (const waiter of left) waiter.reject(error);
  };

  const stop = async () => {
    end(stopped(source.name));
    await loop;
  };

  const ready = refresh();
  // Nobody need wait for it.
  ready.catch(() => undefined);
  return { ready, refresh, stop, [Symbol.asyncDispose]: stop };
}

/** Ids without values are to be had by reading alone; of a node made anew nothing is known, and no event tells that it is there. */
function needsReading(event: PubSubEvent<unknown>): boolean {
  return (
    event.type === 'deleted' || (event.type === 'published' && event.withoutPayload !== undefined)
  );
}

function stopped(node: string): XmppError {
  return new XmppError('stopped', `the replica of ${node} was stopped by its owner`);
}
