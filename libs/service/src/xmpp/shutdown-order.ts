import { CONTROL_NAMESPACE, shutdownCodec } from '@heavylift/jobs';
import { type BareJid, type Session, type Unlisten, XmppError } from '@heavylift/xmpp-pubsub';

/**
 * Ends the service when the bot says so, as after `exit all` in the chat.
 * @param bot bare JID of the only account that is obeyed
 */
export function obeyShutdownOrders(
  session: Pick<Session, 'handle'>,
  bot: BareJid,
  shutdown: (reason: string) => void,
): Unlisten {
  return session.handle('set', 'shutdown', CONTROL_NAMESPACE, async ({ from, payload }) => {
    if (from.bare !== bot) {
      throw new XmppError('stanza-error', `${from} may not have this service end`, {
        stanza: { type: 'auth', condition: 'forbidden' },
      });
    }
    const { by } = shutdownCodec.decode(payload);
    // The answer goes first.
    setImmediate(() => shutdown(`${by} said exit all`));
    return undefined;
  });
}
