import {
  LIFTER_NAMESPACE,
  type LifterAnnouncement,
  lifterCodec,
  type RunningQuery,
  runningQueryCodec,
} from '@heavylift/jobs';
import type { Logger } from '@heavylift/service';
import { type BareJid, type Session, XmppError } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { latest } from './latest.js';

/** Tells the dispatcher what this lifter can do and what it is doing: by directed presence, and when asked. */
export interface Announcer {
  /** Makes the session one that events reach. To be called once for every new stream, before anything is read. */
  appear(): Promise<void>;
  /** Says how things stand: now, or a moment later together with what changes until then. */
  announce(): void;
  /** Says how things stand at the end, and that this lifter is gone. */
  disappear(): Promise<void>;
}

export interface AnnouncerOptions {
  readonly session: Session;
  /** Bare JID of the dispatcher's account. */
  readonly dispatcher: BareJid;
  readonly describe: () => LifterAnnouncement;
  readonly onAsked: (query: RunningQuery) => void;
  readonly log: Logger;
}

const intervalMs = 250;
/** Said again so often, changed or not: the server may have taken us for gone, and told the dispatcher so. */
const repeatMs = 30_000;

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { session, dispatcher, describe, onAsked, log } = options;

  const send = (presence: Element) =>
    session.send(presence).catch((error: unknown) => {
      // It is said again when the session is back.
      log.debug({ err: error }, 'presence not sent');
    });

  const describePresence = () =>
    xml('presence', { to: dispatcher }, lifterCodec.encode(describe()));
  const changes = latest<void>(intervalMs, () => void send(describePresence()));

  let repeating: NodeJS.Timeout | undefined;

  const unhandle = session.handle('get', 'query', LIFTER_NAMESPACE, async ({ from, payload }) => {
    if (from.bare === dispatcher) {
      onAsked(runningQueryCodec.decode(payload));
      return lifterCodec.encode(describe());
    }
    throw new XmppError('stanza-error', `${from} may not ask what runs here`, {
      stanza: { type: 'auth', condition: 'forbidden' },
    });
  });

  return {
    // Sent to the bare JID, headlines reach resources of a priority that is not negative (RFC 6121 section 8.5.2.1.1).
    appear: () => send(xml('presence', {}, xml('priority', {}, '0'))),
    announce() {
      // Not before somebody has said that there is something to say.
      repeating ??= setInterval(() => {
        if (session.status === 'online') changes.push();
      }, repeatMs).unref();
      changes.push();
    },
    async disappear() {
      clearInterval(repeating);
      changes.close();
      unhandle();
      // The last word says what is left undone, so that nobody takes a clean stop for a death.
      await send(describePresence());
      await send(xml('presence', { type: 'unavailable', to: dispatcher }));
      await send(xml('presence', { type: 'unavailable' }));
    },
  };
}
