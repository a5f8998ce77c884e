import xml, { type Element } from '@xmpp/xml';
import type { Requester } from './domain/job.js';

/** Marks which job a message is about, so that programs need not read the text. */
export interface JobMark {
  readonly id: string;
  readonly number: number;
  readonly state: JobMarkState;
  /** W3C Trace Context, where an outcome is told. */
  readonly traceparent?: string;
}

export const jobMarkStates = [
  'scheduled',
  'progress',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const;
export type JobMarkState = (typeof jobMarkStates)[number];

/** What the bot says to a requester, whichever service says it: to them it is one contact. */
export interface BotMessage {
  readonly to: string;
  readonly type: 'chat' | 'normal';
  readonly id?: string;
  readonly body: string;
  readonly thread?: string;
  /** The message it answers, by its id, and who wrote that (XEP-0461). */
  readonly inReplyTo?: { readonly id: string; readonly to: string };
  /** The id of the first message of a row of corrections (XEP-0308). */
  readonly replaces?: string;
  readonly job?: JobMark;
  /** Progress: not worth keeping in an archive or in offline storage (XEP-0334). */
  readonly passing?: boolean;
}

const namespaces = {
  job: 'urn:heavylift:job:1',
  reply: 'urn:xmpp:reply:0',
  replace: 'urn:xmpp:message-correct:0',
  hints: 'urn:xmpp:hints',
  states: 'http://jabber.org/protocol/chatstates',
  receipts: 'urn:xmpp:receipts',
};

export function encodeBotMessage(message: BotMessage): Element {
  const { to, type, id, body, thread, inReplyTo, replaces, job, passing } = message;
  const { reply, replace, hints } = namespaces;
  const children = [
    xml('body', {}, body),
    thread === undefined ? undefined : xml('thread', {}, thread),
    inReplyTo && xml('reply', { xmlns: reply, ...inReplyTo }),
    replaces === undefined ? undefined : xml('replace', { xmlns: replace, id: replaces }),
    job && xml('job', { xmlns: namespaces.job, ...job, number: String(job.number) }),
    passing === true ? xml('no-store', { xmlns: hints }) : undefined,
  ];
  return xml('message', { to, type, id }, ...children.filter((child) => child !== undefined));
}

/** Says that the bot is at it, or that it will take a while (XEP-0085). */
export function encodeChatState(to: string, state: 'composing' | 'paused'): Element {
  return xml(
    'message',
    { to, type: 'chat' },
    xml(state, { xmlns: namespaces.states }),
    xml('no-store', { xmlns: namespaces.hints }),
  );
}

/** Says that a message has arrived (XEP-0184). */
export function encodeReceipt(to: string, type: BotMessage['type'], id: string): Element {
  return xml('message', { to, type }, xml('received', { xmlns: namespaces.receipts, id }));
}

/**
 * Where an answer to the requester goes, and what ties it to the question. What was asked by a command (XEP-0050) is answered in the
 * chat, and there is no message that it could refer to.
 */
export function addressOf(
  requester: Requester,
): Pick<BotMessage, 'to' | 'type' | 'thread' | 'inReplyTo'> {
  const { jid, messageType, messageId, originId, thread } = requester;
  const isCommand = messageType === 'command';
  const id = isCommand ? undefined : (originId ?? messageId);
  return {
    to: jid,
    type: messageType === 'chat' || isCommand ? 'chat' : 'normal',
    ...(thread === undefined ? {} : { thread }),
    ...(id === undefined ? {} : { inReplyTo: { id, to: jid } }),
  };
}

/** The mark in a message from the bot; undefined where there is none that we know. */
export function decodeJobMark(message: Element): JobMark | undefined {
  const attrs = message.getChild('job', namespaces.job)?.attrs;
  const state = jobMarkStates.find((known) => known === attrs?.['state']);
  const number = Number(attrs?.['number']);
  const { id, traceparent }: Record<string, unknown> = attrs ?? {};
  if (state === undefined || typeof id !== 'string' || !Number.isSafeInteger(number))
    return undefined;
  return { id, number, state, ...(typeof traceparent === 'string' && { traceparent }) };
}

/** The id of the message that this one answers. */
export function decodeReplyTo(message: Element): string | undefined {
  const id: unknown = message.getChild('reply', namespaces.reply)?.attrs['id'];
  return typeof id === 'string' ? id : undefined;
}
