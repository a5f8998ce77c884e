import { encodeChatState } from '@heavylift/jobs';
import type { Element } from '@xmpp/xml';

export interface ComposingPorts {
  readonly send: (stanza: Element) => void;
  /** Whether a job is over. */
  readonly isOver: (number: number) => boolean;
  /** Nobody looks at dots for longer than that, in milliseconds. @default 30_000 */
  readonly longestMs?: number;
}

/** Jobs that are shown so at once, at most. */
const most = 1_000;

/**
 * Shows people that the bot is at it while a job of theirs runs (XEP-0085). Its end needs no state: the message that tells the outcome
 * takes the dots away.
 */
export function createComposing({ send, isOver, longestMs = 30_000 }: ComposingPorts) {
  const timers = new Set<NodeJS.Timeout>();

  return {
    begin(to: string, number: number): void {
      if (timers.size >= most || isOver(number)) return;
      send(encodeChatState(to, 'composing'));
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (!isOver(number)) send(encodeChatState(to, 'paused'));
      }, longestMs);
      timers.add(timer);
    },
    stop(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

export type Composing = ReturnType<typeof createComposing>;
