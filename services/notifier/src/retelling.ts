import type { BotMessage } from '@heavylift/jobs';
import { isXmppError, type Session, type Unlisten } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';

/**
 * A server confirms a message when it has it, not when the person has. One that goes down takes along what was on its way just then, and
 * nobody would hear of it: so what was said in the last moments is said once more, under the same ids, when it is up again.
 */
export interface Retelling {
  /** The server has confirmed it. */
  said(message: BotMessage): void;
  /** To be called whenever speaking may have become possible. */
  resume(): void;
  stop(): void;
}

export interface RetellingPorts {
  /** The session that the messages go through. */
  readonly session: Pick<Session, 'on' | 'request'>;
  readonly domain: () => string | undefined;
  /** Resolves when the server has it; rejects if that is not known, or if it is not ours to say. */
  readonly say: (message: BotMessage) => Promise<void>;
  readonly onRetold: (message: BotMessage) => void;
  /** It could not be found out whether the server had gone down. */
  readonly onFailure: (error: unknown) => void;
}

/** What was confirmed so long before the break may not have arrived, in milliseconds. */
const windowMs = 5_000;
/** By then it is too late to say it again, in milliseconds. */
const staleMs = 120_000;
/** XEP-0012 counts whole seconds, and servers take the difference of two that are cut off: they may seem up for that much longer. */
const uptimeErrorMs = 1_000;

export function createRetelling(ports: RetellingPorts): Retelling {
  const { session, domain, say, onRetold, onFailure } = ports;
  const recent: { readonly message: BotMessage; readonly at: number }[] = [];
  let due: typeof recent = [];
  let brokenAt: number | undefined;
  let isResuming = false;

  /** Last Activity (XEP-0012) of a server is the time since it was started. */
  async function hasRestarted(since: number): Promise<boolean> {
    const to = domain();
    if (to === undefined) return false;
    const payload = xml('query', { xmlns: 'jabber:iq:last' });
    const answer = await session.request({ type: 'get', to, payload });
    const seconds = Number(answer?.attrs['seconds'] ?? Number.NaN);
    return seconds * 1_000 - uptimeErrorMs < performance.now() - since;
  }

  async function afterBreak(): Promise<void> {
    if (brokenAt === undefined) return;
    const since = brokenAt;
    try {
      if (await hasRestarted(since)) {
        const lost = recent.filter((said) => said.at >= since - windowMs && !due.includes(said));
        due = [...due, ...lost];
      }
    } catch (error) {
      onFailure(error);
      // A server that does not tell will not tell later. Else the break is still to be looked into.
      if (!isXmppError(error, 'stanza-error')) throw error;
    }
    brokenAt = undefined;
  }

  async function retell(): Promise<void> {
    for (let next = due[0]; next !== undefined; next = due[0]) {
      if (performance.now() - next.at < staleMs) {
        await say(next.message);
        onRetold(next.message);
      }
      due = due.slice(1);
    }
  }

  async function catchUp(): Promise<void> {
    try {
      await afterBreak();
      await retell();
    } catch (error) {
      // The server is slow, as it may be just after its start; no other call would come.
      if (isXmppError(error, 'timeout')) return catchUp();
      throw error;
    }
  }

  function resume(): void {
    if (isResuming) return;
    isResuming = true;
    // What cannot be asked, or is not ours to say now, stays due until it is.
    catchUp()
      .catch(() => undefined)
      .finally(() => {
        isResuming = false;
      });
  }

  const unlisten: readonly Unlisten[] = [
    session.on('offline', () => {
      brokenAt ??= performance.now();
    }),
    session.on('online', resume),
  ];

  return {
    said(message) {
      const at = performance.now();
      recent.push({ message, at });
      while (recent[0] !== undefined && recent[0].at < at - windowMs) recent.shift();
    },
    resume,
    stop() {
      due = [];
      brokenAt = undefined;
      for (const off of unlisten) off();
    },
  };
}
