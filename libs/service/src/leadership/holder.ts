import {
  hasCondition,
  isXmppError,
  readJid,
  type Session,
  XmppError,
} from '@heavylift/xmpp-pubsub';
import { LEADER_NAMESPACE, type LeaderRole, leaderMark, readLeaderMark } from './mark.js';
import type { Leader } from './types.js';

/**
 * - `holds`: it is there, and says that the epoch is its own.
 * - `vacant`: it is gone, or says that the epoch is not (any more) its own. It will never be again.
 * - `silent`: no answer in time, from it or from the server.
 * - `unsure`: nothing was learnt; ask again.
 */
export type HolderState = 'holds' | 'vacant' | 'silent' | 'unsure';

/** Conditions with which a server, or the session itself, says that nobody there answers (RFC 6121 section 8.5.3.2). */
const nobodyThere = [
  'service-unavailable',
  'recipient-unavailable',
  'item-not-found',
  'gone',
  'jid-malformed',
];

/** Asks who took a lock whether it holds it still. A ping would not do: a process can live on without being in office. */
export async function askHolder(
  session: Session,
  role: LeaderRole,
  { jid, epoch }: Leader,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<HolderState> {
  const [payload] = leaderMark(role, { epoch });
  // A lock that does not name a session of the own account can't be anybody's office.
  const holder = readJid(jid);
  const isOwn = holder?.resource !== undefined && holder.bare === session.jid?.bare;
  if (payload === undefined || !isOwn) return 'vacant';
  try {
    await session.request({ type: 'get', to: jid, payload, ...options });
    return 'holds';
  } catch (error) {
    if (hasCondition(error, ...nobodyThere)) return 'vacant';
    if (isXmppError(error, 'timeout')) return 'silent';
    if (isXmppError(error, 'aborted', 'stanza-error')) return 'unsure';
    throw error;
  }
}

/** Answers `askHolder`, of the own account alone; to others there is nothing here. */
export function answerAsHolder(
  session: Session,
  role: LeaderRole,
  holds: (epoch: number) => boolean,
) {
  return session.handle('get', 'leader', LEADER_NAMESPACE, async ({ from, payload }) => {
    const mark = readLeaderMark(payload);
    const isOwn = from.bare === session.jid?.bare;
    if (isOwn && mark?.role === role && holds(mark.epoch)) return undefined;
    throw new XmppError('stanza-error', 'not the holder of this lock', {
      stanza: { type: 'cancel', condition: isOwn ? 'item-not-found' : 'service-unavailable' },
    });
  });
}
