import xml, { type Element } from '@xmpp/xml';
import { z } from 'zod';
import type { JobError, Requester } from './domain/job.js';
import type { Json } from './domain/json.js';
import { jobErrorJson, jobErrorShape } from './payloads/shapes.js';
import { jsonElement, optionalJson } from './xml/json.js';
import { readable } from './xml/readable.js';

/** Marks which job a message is about, so that programs need not read the text. */
export interface JobMark {
  readonly id: string;
  readonly number: number;
  readonly state: JobMarkState;
  /** W3C Trace Context, where an outcome is told. */
  readonly traceparent?: string;
  /** What programs are told of an outcome, unless it is long. */
  readonly outcome?: JobOutcome;
}

/** What the handler returned, or what it failed of. */
export type JobOutcome = { readonly value: Json } | { readonly error: JobError };

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
  /** Further jobs that it is about. */
  readonly also?: readonly JobMark[];
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
  const { to, type, id, body, thread, inReplyTo, replaces, job, also = [], passing } = message;
  const { reply, replace, hints } = namespaces;
  const children = [
    xml('body', {}, readable(body)),
    thread === undefined ? undefined : xml('thread', {}, thread),
    inReplyTo && xml('reply', { xmlns: reply, ...inReplyTo }),
    replaces === undefined ? undefined : xml('replace', { xmlns: replace, id: replaces }),
    job && encodeMark(job),
    ...also.map(encodeMark),
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
  return decodeJobMarks(message)[0];
}

/** All marks in a message from the bot that we know. */
export function decodeJobMarks(message: Element): JobMark[] {
  return message.getChildren('job', namespaces.job).flatMap((mark) => decodeMark(mark) ?? []);
}

function encodeMark({ id, number, state, traceparent, outcome }: JobMark): Element {
  const content = outcome === undefined ? [] : [jsonElement(outcomeJson(outcome))];
  return xml('job', { xmlns: namespaces.job, id, number, state, traceparent }, ...content);
}

function decodeMark(mark: Element): JobMark | undefined {
  const state = jobMarkStates.find((known) => known === mark.attrs['state']);
  const number = Number(mark.attrs['number']);
  const { id, traceparent }: Record<string, unknown> = mark.attrs;
  if (state === undefined || typeof id !== 'string' || !Number.isSafeInteger(number))
    return undefined;
  const outcome = decodeOutcome(mark);
  return {
    id,
    number,
    state,
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(outcome !== undefined && { outcome }),
  };
}

function outcomeJson(outcome: JobOutcome): Json {
  return 'value' in outcome ? { value: outcome.value } : { error: jobErrorJson(outcome.error) };
}

const outcomeShape = z.union([
  z.object({ error: jobErrorShape }),
  // Passed on as it is: JSON.parse made it.
  z.object({ value: z.custom<Json>((value) => value !== undefined) }),
]);

/** One that cannot be read counts as not given: there are other ways to learn of it. */
function decodeOutcome(mark: Element): JobOutcome | undefined {
  try {
    return outcomeShape.safeParse(optionalJson(mark)).data;
  } catch {
    return undefined;
  }
}

/** The id of the message that this one answers. */
export function decodeReplyTo(message: Element): string | undefined {
  const id: unknown = message.getChild('reply', namespaces.reply)?.attrs['id'];
  return typeof id === 'string' ? id : undefined;
}
