import xml, { type Element } from '@xmpp/xml';
import { isXmppError, XmppError } from '../errors.js';
import type { Deadlines } from './deadlines.js';
import type { Requests } from './iq.js';
import type { Settings } from './options.js';
import type { Outgoing } from './outgoing.js';
import type { IqRequest, SessionStatus } from './types.js';
import { checkStanza, serialise } from './xml-text.js';

export const NS_PING = 'urn:xmpp:ping';

export interface SendingContext {
  readonly settings: Settings;
  readonly outgoing: Outgoing;
  readonly requests: Requests;
  readonly deadlines: Deadlines;
  readonly stanzaAttributes: string;
  readonly status: () => SessionStatus;
}

/** The ways in which the owner of a session sends. Each refuses at once what cannot be sent now. */
export interface Sending {
  send(stanza: Element): Promise<void>;
  sendConfirmed(stanza: Element, timeoutMs: number): Promise<void>;
  request(iq: IqRequest): Promise<Element | undefined>;
}

export function createSending(context: SendingContext): Sending {
  const { settings, outgoing, requests, deadlines, stanzaAttributes, status } = context;
  let pingInFlight: Promise<void> | undefined;
  let nextPing: Promise<void> | undefined;

  function requireOnline(): void {
    const now = status();
    if (now === 'online') return;
    throw now === 'stopped'
      ? new XmppError('stopped', 'The session is stopped; nothing was sent')
      : new XmppError('not-online', `The session is ${now}; nothing was sent`);
  }

  function toText(stanza: Element): string {
    const text = serialise(stanza, stanza.attrs['xmlns'] === undefined ? stanzaAttributes : '');
    checkStanza(text, settings.maxStanzaBytes);
    return text;
  }

  const untilWritten = (text: string) =>
    new Promise<void>((written, failed) => {
      outgoing.push({ xml: text, written, failed });
    });

  async function untilAcknowledged(text: string, timeoutMs: number): Promise<void> {
    let cancel: (() => void) | undefined;
    try {
      await new Promise<void>((taken, failed) => {
        outgoing.push({ xml: text, taken, failed });
        outgoing.requestAcknowledgement();
        const message = `The server did not acknowledge the stanza within ${timeoutMs} ms: it is unknown whether it has it`;
        cancel = deadlines.add(timeoutMs, () => failed(new XmppError('timeout', message)));
      });
    } finally {
      cancel?.();
    }
  }

  /**
   * Stanzas are handled in order, so the answer to a ping proves that all before it have arrived. One ping is in flight at a time: the next
   * is for all that was sent meanwhile. It has to go by the stream that they went by, so a break fails them all.
   */
  function untilPinged(timeoutMs: number): Promise<void> {
    nextPing ??= pingAfterTheLast(timeoutMs);
    return nextPing;
  }

  async function pingAfterTheLast(timeoutMs: number): Promise<void> {
    try {
      await pingInFlight;
    } catch (error) {
      // The stream may be sound nevertheless, for this one to find out.
      if (!isXmppError(error, 'timeout')) throw error;
    } finally {
      nextPing = undefined;
    }
    const answered = ping(timeoutMs);
    pingInFlight = answered;
    try {
      await answered;
    } finally {
      if (pingInFlight === answered) pingInFlight = undefined;
    }
  }

  async function ping(timeoutMs: number): Promise<void> {
    try {
      await request({
        type: 'get',
        to: settings.domain,
        payload: xml('ping', NS_PING),
        timeoutMs,
      });
    } catch (error) {
      // An error is an answer too.
      if (!isXmppError(error, 'stanza-error')) throw error;
    }
  }

  async function request(iq: IqRequest): Promise<Element | undefined> {
    requireOnline();
    return requests.request(iq);
  }

  return {
    request,
    async send(stanza) {
      requireOnline();
      await untilWritten(toText(stanza));
    },
    async sendConfirmed(stanza, timeoutMs) {
      requireOnline();
      const text = toText(stanza);
      if (outgoing.acknowledging) return untilAcknowledged(text, timeoutMs);
      await Promise.all([untilWritten(text), untilPinged(timeoutMs)]);
    },
  };
}
