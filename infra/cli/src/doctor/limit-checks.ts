import { messageOf } from '@heavylift/service';
import type { Session } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { doubt, type Finding, right, unseen, wrong } from './finding.js';

const namespace = 'urn:heavylift:doctor:1';
const pieceBytes = 8_192;
const pieces = 12;
const patienceMs = 6_000;
/** A sheet of the ledger has at most 96 KiB of entries; around them stand the rest of it, the item, the publish, the IQ. */
const largestBytes = 114_688;
/** Enough for some hundred small jobs a second. */
const enoughBytesPerSecond = 100_000;

/**
 * Limits that bite, measured by stanzas that the account sends to itself. They may bring the stream to a halt or to its end, so this takes
 * a session of its own.
 */
export async function checkLimits(session: Session): Promise<Finding[]> {
  const unhandle = session.handle('get', 'probe', namespace, async () => undefined);
  try {
    const rate = await shaper(session);
    const size = rate.verdict === 'wrong' ? [] : [await stanzaSize(session)];
    const sessions =
      'how many sessions an account may have cannot be measured without throwing others out; ejabberd allows 10 unless told otherwise (max_user_sessions)';
    return [rate, ...size, unseen('limit.sessions', sessions)];
  } finally {
    unhandle();
  }
}

async function shaper(session: Session): Promise<Finding> {
  const began = performance.now();
  const sent = await Promise.allSettled(
    Array.from({ length: pieces }, () => echo(session, pieceBytes, patienceMs)),
  );
  const seconds = (performance.now() - began) / 1000;
  const passed = sent.filter(({ status }) => status === 'fulfilled').length * pieceBytes;
  const rate = Math.round(passed / seconds);
  const text = `${passed} of ${pieces * pieceBytes} bytes passed in ${seconds.toFixed(1)} s`;
  const mend =
    'Give the accounts of the services a shaper of their own: c2s_shaper with `none` for them (ejabberd), limits (Prosody).';
  if (passed < pieces * pieceBytes) return wrong('limit.shaper', text, mend);
  if (rate < enoughBytesPerSecond) return doubt('limit.shaper', text, mend);
  return right('limit.shaper', `${text}: no brake`);
}

async function stanzaSize(session: Session): Promise<Finding> {
  try {
    await echo(session, largestBytes, 2 * patienceMs);
    return right('limit.stanza-size', `${largestBytes} bytes pass, as much as a sheet may take`);
  } catch (error) {
    const text = `a stanza of ${largestBytes} bytes does not pass: ${messageOf(error)}`;
    const mend =
      'Raise max_stanza_size of the listener to 262144 (ejabberd), c2s_stanza_size_limit (Prosody).';
    return wrong('limit.stanza-size', text, mend);
  }
}

async function echo(session: Session, bytes: number, timeoutMs: number): Promise<void> {
  const to = session.jid?.toString();
  if (to === undefined) throw new Error('not online');
  const payload = xml('probe', { xmlns: namespace }, 'x'.repeat(bytes));
  await session.request({ type: 'get', to, payload, timeoutMs });
}
