import type { SessionLog, Unlisten } from './types.js';

export interface Emitter<Events> {
  on<E extends keyof Events>(event: E, listener: (details: Events[E]) => void): Unlisten;
  emit<E extends keyof Events>(event: E, details: Events[E]): void;
}

/** Typed events whose listeners cannot break whoever emits, nor each other. */
export function createEmitter<Events>(log: SessionLog): Emitter<Events> {
  const listeners: { [E in keyof Events]?: Set<(details: Events[E]) => void> } = {};
  return {
    on(event, listener) {
      // Own function a registration: the same listener twice is two registrations.
      const call: typeof listener = (details) => listener(details);
      const set = listeners[event] ?? new Set();
      listeners[event] = set;
      set.add(call);
      return () => {
        set.delete(call);
      };
    },
    emit(event, details) {
      const set = listeners[event];
      if (set === undefined) return;
      for (const listener of set) {
        try {
          listener(details);
        } catch (error) {
          log.warn({ error, event: String(event) }, 'a session listener threw; go on without it');
        }
      }
    },
  };
}
