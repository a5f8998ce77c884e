import type { Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { isWhomWeMeant, type Jid } from '../jid.js';
import type { Deadlines } from './deadlines.js';
import type { Settings } from './options.js';
import type { Losses, Outgoing } from './outgoing.js';
import { toStanzaError } from './stanza-error.js';
import type { IqRequest } from './types.js';
import { checkStanza, escapeAttribute, serialise } from './xml-text.js';

interface Pending {
  readonly id: string;
  readonly to: string | undefined;
  readonly xml: string;
  /** Ends it, once; later calls do nothing. */
  readonly settle: (outcome: Element | undefined | XmppError) => void;
}

export interface RequestsContext {
  readonly settings: Settings;
  readonly outgoing: Outgoing;
  readonly deadlines: Deadlines;
  /** The own full JID. */
  readonly ownJid: () => Jid | undefined;
  /** Attributes that each stanza needs on this transport. */
  readonly stanzaAttributes: string;
}

/** IQs of ours and their answers (RFC 6120 section 8.2.3). */
export interface Requests {
  request(request: IqRequest): Promise<Element | undefined>;
  /** An IQ of type `result` or `error` came in. */
  answered(stanza: Element): void;
  /** No answer will come any more. */
  abandon(losses: Losses): void;
}

export function createRequests(context: RequestsContext): Requests {
  const { settings, outgoing, deadlines, ownJid, stanzaAttributes } = context;
  const inFlight = new Map<string, Pending>();
  const waiting = new Set<Pending>();

  function launch(pending: Pending): void {
    inFlight.set(pending.id, pending);
    try {
      outgoing.push({ xml: pending.xml });
    } catch (error) {
      pending.settle(error instanceof XmppError ? error : new XmppError('queue-full', `${error}`));
    }
  }

  function launchWaiting(): void {
    for (const pending of waiting) {
      if (inFlight.size >= settings.maxInFlight) return;
      waiting.delete(pending);
      launch(pending);
    }
  }

  function request({ type, to, payload, timeoutMs, signal }: IqRequest) {
    return new Promise<Element | undefined>((resolve, reject) => {
      if (signal?.aborted) throw aborted(signal);
      // Each id is a secret of its own: whoever knows one must not be able to answer another.
      const id = globalThis.crypto.randomUUID();
      const addressee = to === undefined ? '' : ` to="${escapeAttribute(to)}"`;
      const xml = `<iq${stanzaAttributes} type="${type}"${addressee} id="${id}">${serialise(payload)}</iq>`;
      checkStanza(xml, settings.maxStanzaBytes);
      if (inFlight.size >= settings.maxInFlight && waiting.size >= settings.maxWaiting) {
        throw new XmppError(
          'queue-full',
          `${inFlight.size} requests are in flight and ${waiting.size} wait (maxInFlight, maxWaiting): send slower; nothing was sent`,
        );
      }

      const ms = timeoutMs ?? settings.requestTimeoutMs;
      const cancelDeadline = deadlines.add(ms, () => {
        const sent = inFlight.has(id);
        settle(
          new XmppError(
            'timeout',
            sent
              ? `${to ?? 'The server'} did not answer within ${ms} ms: it is unknown whether the request took effect`
              : `The request waited ${ms} ms for a place among those in flight; nothing was sent`,
          ),
        );
      });
      const abort = () => signal !== undefined && settle(aborted(signal));
      signal?.addEventListener('abort', abort, { once: true });

      const settle: Pending['settle'] = (outcome) => {
        if (!inFlight.delete(id) && !waiting.delete(pending)) return;
        cancelDeadline();
        signal?.removeEventListener('abort', abort);
        if (outcome instanceof XmppError) reject(outcome);
        else resolve(outcome);
        if (waiting.size > 0) launchWaiting();
      };
      const pending: Pending = { id, to, xml, settle };
      if (inFlight.size < settings.maxInFlight) launch(pending);
      else waiting.add(pending);
    });
  }

  function answered(stanza: Element): void {
    const { id, from, type }: Record<string, unknown> = stanza.attrs;
    const pending = typeof id === 'string' ? inFlight.get(id) : undefined;
    if (pending === undefined) return;
    if (!mayAnswer(pending.to, typeof from === 'string' ? from : undefined, ownJid())) {
      settings.log.warn(
        { from, to: pending.to },
        'ignored an answer from somebody who was not asked',
      );
      return;
    }
    pending.settle(type === 'error' ? toStanzaError(stanza) : firstChild(stanza));
  }

  return {
    request,
    answered,
    abandon({ sent, unsent }) {
      // Those that wait first: each place in flight that becomes free would launch one of them.
      for (const pending of [...waiting]) pending.settle(unsent);
      for (const pending of [...inFlight.values()]) pending.settle(sent);
    },
  };
}

const aborted = (signal: AbortSignal) =>
  new XmppError('aborted', 'The request was aborted by its caller', { cause: signal.reason });

function firstChild(stanza: Element): Element | undefined {
  for (const child of stanza.children) if (typeof child !== 'string') return child;
  return undefined;
}

/** Who may answer a request: whom it was sent to; for the own account (no `to`), the server may leave `from` out or put its own domain (RFC 6120 section 8.1.2.1). */
export function mayAnswer(
  to: string | undefined,
  from: string | undefined,
  own: Jid | undefined,
): boolean {
  if (from === to) return true;
  const bare = own?.bare;
  if (to === undefined) {
    return from === bare || from === own?.toString() || from === own?.domain;
  }
  if (from === undefined) return to === bare || to === own?.domain;
  return isWhomWeMeant(from, to);
}
