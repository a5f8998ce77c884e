import { durationText, type LifterAnnouncement } from '@heavylift/jobs';
import { LRUCache } from 'lru-cache';
import { lifterName } from './lifters.js';

/** Where a handler was seen last. */
export interface LastSeen {
  readonly lifter: string;
  readonly at: number;
}

/** Who comes and goes with which handlers. What was known is remembered, from term to term. */
export interface Roster {
  announced(jid: string, announcement: LifterAnnouncement): void;
  left(jid: string): void;
  /** A term begins: whoever is there says so again. */
  reset(): void;
  /** Where a handler was seen that no lifter has now; undefined if one has it, or none ever had. */
  lastSeen(handler: string): LastSeen | undefined;
  /** How many lifters have it, of each handler that is or was known. */
  counts(): Iterable<readonly [handler: string, lifters: number]>;
}

/** The part of a logger that it needs. */
export interface RosterLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** Handlers that are remembered, at most. */
const mostHandlers = 1_000;

export function createRoster(log: RosterLog, now: () => number): Roster {
  /** By full JID. */
  const lifters = new Map<
    string,
    { readonly handlers: ReadonlySet<string>; isDraining: boolean }
  >();
  const seen = new LRUCache<string, LastSeen>({ max: mostHandlers });

  const has = (handler: string) => [...lifters.values()].some((one) => one.handlers.has(handler));

  function lost(jid: string, handlers: Iterable<string>): void {
    for (const handler of handlers) {
      seen.set(handler, { lifter: lifterName(jid), at: now() });
      if (!has(handler)) log.warn({ handler, lifter: jid }, `no lifter has "${handler}" now`);
    }
  }

  function gained(jid: string, handlers: readonly string[], hadBefore: readonly boolean[]): void {
    for (const [index, handler] of handlers.entries()) {
      const last = seen.get(handler);
      if (hadBefore[index] === false && last !== undefined)
        log.info(
          { handler, lifter: jid },
          `there is a lifter that has "${handler}" again, after ${durationText(now() - last.at)}`,
        );
      seen.set(handler, { lifter: lifterName(jid), at: now() });
    }
  }

  return {
    announced(jid, { handlers, slots, draining, version }) {
      const before = lifters.get(jid);
      const added = handlers.filter((name) => before?.handlers.has(name) !== true);
      const removed = [...(before?.handlers ?? [])].filter((name) => !handlers.includes(name));
      if (before !== undefined && added.length + removed.length === 0) {
        if (draining && !before.isDraining) log.info({ lifter: jid }, 'a lifter is shutting down');
        before.isDraining = draining;
        return;
      }
      const hadBefore = added.map(has);
      lifters.set(jid, { handlers: new Set(handlers), isDraining: draining });
      if (before === undefined)
        log.info({ lifter: jid, version, slots, handlers }, 'a lifter came');
      else log.info({ lifter: jid, added, removed }, 'the handlers of a lifter changed');
      gained(jid, added, hadBefore);
      lost(jid, removed);
    },
    left(jid) {
      const before = lifters.get(jid);
      if (before === undefined) return;
      lifters.delete(jid);
      log.info({ lifter: jid, handlers: [...before.handlers] }, 'a lifter left');
      lost(jid, before.handlers);
    },
    reset() {
      for (const [jid, { handlers }] of lifters)
        for (const handler of handlers) seen.set(handler, { lifter: lifterName(jid), at: now() });
      lifters.clear();
    },
    lastSeen: (handler) => (has(handler) ? undefined : seen.get(handler)),
    *counts() {
      for (const handler of seen.keys()) {
        let count = 0;
        for (const one of lifters.values()) if (one.handlers.has(handler)) count += 1;
        yield [handler, count];
      }
    },
  };
}
