import type { Session } from '@heavylift/xmpp-pubsub';
import { isXmppError } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';

export interface PresenceOptions {
  /** The stanza as it is to be now. */
  readonly stanza: () => Element;
  readonly onFailure: (error: unknown) => void;
  /** Least time between two, in milliseconds; the last one always goes out. @default 250 */
  readonly quietMs?: number;
}

export interface Presence {
  /** What it says has changed. */
  changed(): void;
  /** Says it now, whatever was said just before: for what others wait for, such as a change of who leads. */
  say(): void;
  stop(): void;
}

/**
 * Keeps a session's presence said: now, after every fresh connection, and when it changes.
 * To be made when the session is online and before its replicas: events reach only a session that is available, so presence has to
 * come before the read.
 */
export function keepPresence(
  session: Session,
  { stanza, onFailure, quietMs = 250 }: PresenceOptions,
): Presence {
  let timer: NodeJS.Timeout | undefined;
  let changedMeanwhile = false;

  function send(): void {
    session.send(stanza()).catch((error: unknown) => {
      // The next connection says it anew.
      if (!isXmppError(error, 'not-online', 'disconnected', 'stopped')) onFailure(error);
    });
    clearTimeout(timer);
    changedMeanwhile = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (changedMeanwhile) send();
    }, quietMs);
  }

  const unlisten = session.on('online', ({ resumed }) => {
    if (!resumed) send();
  });
  send();

  return {
    say: send,
    changed() {
      if (timer === undefined) send();
      else changedMeanwhile = true;
    },
    stop() {
      unlisten();
      clearTimeout(timer);
    },
  };
}

/** A presence that says how ready one is to be spoken to (RFC 6121 section 4.7.2), and whatever else programs find in it. */
export function availability(
  priority: number,
  status?: string,
  ...more: readonly Element[]
): Element {
  const children = [xml('priority', {}, String(priority)), ...more];
  if (status !== undefined) children.push(xml('status', {}, status));
  return xml('presence', {}, ...children);
}
