import { createHash } from 'node:crypto';
import { addressOf, type BotMessage, encodeReceipt } from '@heavylift/jobs';
import type { Jid } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { LRUCache } from 'lru-cache';
import type { Brought } from '../desk.js';
import type { Clients } from '../presence/clients.js';
import { isUnsure } from '../unsure.js';
import { createCameOf } from './came-of.js';
import type { Composing } from './composing.js';
import type { Conversation, Line, Reply } from './conversation.js';
import { CHAT_STATES, type ChatRequest, classifyMessage, requesterOf } from './incoming.js';
import { createLimiter } from './limiter.js';
import { echo, texts } from './texts.js';

export interface ReceptionPorts {
  readonly conversation: Conversation;
  /** Whether questions can be answered now; what comes before is kept until `opened`. */
  readonly isOpen: () => boolean;
  /** Whether they may do anything at all. @param who bare JID */
  readonly isServed: (who: string) => boolean;
  readonly say: (message: BotMessage) => Promise<void>;
  readonly send: (stanza: Element) => void;
  readonly clients: Clients;
  readonly composing: Composing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A message that waited longer is asked about, not acted upon, in milliseconds. */
  readonly maxAgeMs: number;
  readonly messagesPerSecond: number;
  readonly onIgnored: (why: string) => void;
  readonly onFailure: (error: unknown, from: string) => void;
  /** A message that was taken waits to be answered after all, by the next term or by another dispatcher. */
  readonly onKept: () => void;
}

/** Requests that wait for a term to begin, at most; the rest is left unanswered, and its senders see that. */
const mostWaiting = 1_000;
/** Characters in them, at most. */
const mostLength = 4_194_304;
/** Senders that are remembered for limits, at most. */
const senders = 10_000;
/** Messages in a row of which nothing was understood, and that are answered all the same. */
const patience = 5;

/** What another session of ours has forwarded is not late by that alone. */
const lateAfterMs = 10_000;

interface Waiting {
  readonly request: ChatRequest;
  readonly stanza: Element;
  /** When it was written, or came. */
  readonly since: number;
}

interface Acquaintance {
  /** A fingerprint: what was said may be long. */
  lastSaid: string;
  notUnderstood: number;
}

/** Takes messages in, and sees to it that each is answered once, and none that should not be. */
export function createReception(ports: ReceptionPorts) {
  const { conversation, now, send, messagesPerSecond: perSecond } = ports;
  const limiters = {
    people: createLimiter({ burst: 20 * perSecond, perSecond, senders, now }),
    // What waited while nobody was there comes all at once. Servers keep about so many.
    backlog: createLimiter({ burst: 100, perSecond: 1, senders, now }),
    strangers: createLimiter({ burst: 3, perSecond: 0.1, senders, now }),
    // However many accounts somebody makes up.
    allStrangers: createLimiter({ burst: 200, perSecond: 20, senders: 1, now }),
  };
  const cameOf = createCameOf();
  const acquaintances = new LRUCache<string, Acquaintance>({ max: senders });
  const waiting: Waiting[] = [];
  let waitingLength = 0;

  async function say(request: ChatRequest, reply: Reply): Promise<void> {
    const { body, job } = reply;
    const who = request.from.bare;
    const before = acquaintances.get(who)?.notUnderstood ?? 0;
    const notUnderstood = reply.notUnderstood === true ? before + 1 : 0;
    if (notUnderstood > patience) return;
    const said = notUnderstood === patience ? texts.givingUp(body) : body;
    acquaintances.set(who, { lastSaid: fingerprint(said), notUnderstood });
    await ports.say({
      ...addressOf(requesterOf(request)),
      body: said,
      ...(job === undefined ? {} : { job }),
    });
  }

  /** Whoever leads next knows by the message's id whether it was obeyed. @returns false if it has none, or too many wait */
  function keep(kept: Waiting): boolean {
    const { messageId, originId } = kept.request;
    if ((originId ?? messageId) === undefined || waiting.length >= mostWaiting) return false;
    waiting.push(kept);
    ports.onKept();
    return true;
  }

  async function answer(taken: Waiting): Promise<void> {
    const { request } = taken;
    const who = request.from.bare;
    let reply: Reply | undefined;
    try {
      reply = await replyTo(request);
    } catch (error) {
      if (isUnsure(error) && keep(taken)) return;
      ports.onFailure(error, who);
      reply = { body: isUnsure(error) ? texts.unsure : texts.broken };
    }
    if (reply === undefined) return ports.onIgnored('it takes back what brought nothing');
    await say(request, reply);
    reply.afterwards?.();
    if (reply.runs === true && reply.job !== undefined) await showWork(request, reply.job.number);
  }

  async function replyTo(request: ChatRequest): Promise<Reply | undefined> {
    const { text, retracts, corrects, messageId, originId } = request;
    const who = request.from.bare;
    if (retracts !== undefined && ports.isServed(who))
      return conversation.retract(who, await broughtBy(who, retracts));
    const corrected = ports.isServed(who) ? corrects : undefined;
    const known = corrected === undefined ? undefined : broughtBy(who, corrected);
    // Later corrections name the first message, too, and wait until this one is answered.
    const done = cameOf.begin(who, [messageId, originId, corrected]);
    try {
      const before = await known;
      const line: Line = { who, text, requester: requesterOf(request), ...lateness(request) };
      const reply =
        corrected === undefined
          ? await conversation.reply(line)
          : await conversation.correct(line, before);
      const isAnew = corrected === undefined || before?.kind === 'nothing';
      done(isAnew ? (reply.brought ?? { kind: 'nothing' }) : before);
      return reply;
    } catch (error) {
      done();
      throw error;
    }
  }

  async function broughtBy(who: string, id: string): Promise<Brought | undefined> {
    return (await cameOf.of(who, id)) ?? conversation.broughtBy(who, id);
  }

  function lateness({ writtenAt, wasKept }: ChatRequest): Pick<Line, 'saidAt' | 'isLate'> {
    if (writtenAt === undefined) return {};
    const saidAt = Math.min(writtenAt.getTime(), now());
    return { saidAt, isLate: wasKept === true || now() - saidAt > lateAfterMs };
  }

  async function showWork(request: ChatRequest, number: number): Promise<void> {
    if (request.messageType !== 'chat') return;
    const to = request.from.toString();
    const { showsStates } = request;
    if (showsStates || (await ports.clients.supports(to, CHAT_STATES)))
      ports.composing.begin(to, number);
  }

  function verdictOn(request: ChatRequest) {
    const who = request.from.bare;
    if (!ports.isServed(who)) {
      const verdict = limiters.strangers.take(who);
      if (verdict === 'silent') return verdict;
      return limiters.allStrangers.take('') === 'served' ? verdict : 'silent';
    }
    return request.writtenAt === undefined ? limiters.people.take(who) : limiters.backlog.take(who);
  }

  async function take(
    kind: 'request' | 'encrypted',
    request: ChatRequest,
    stanza: Element,
  ): Promise<void> {
    const verdict = verdictOn(request);
    if (verdict === 'silent') return;
    if (verdict === 'slow-down') return say(request, { body: texts.slowDown });
    const { from, messageId, messageType, wantsReceipt, writtenAt } = request;
    if (wantsReceipt && messageId !== undefined && ports.isServed(request.from.bare))
      send(encodeReceipt(from.toString(), messageType, messageId));
    if (kind === 'encrypted') return say(request, { body: texts.encrypted });
    const since = writtenAt?.getTime() ?? now();
    const taken = { request, stanza, since };
    if (ports.isOpen()) return answerUnlessOld(taken);
    const fits = waiting.length < mostWaiting && waitingLength + lengthOf(stanza) <= mostLength;
    if (!fits) return;
    waiting.push(taken);
    waitingLength += lengthOf(stanza);
  }

  async function answerUnlessOld(taken: Waiting): Promise<void> {
    const { request, since } = taken;
    const ageMs = now() - since;
    const isOld = ageMs > ports.maxAgeMs && request.retracts === undefined;
    if (isOld && ports.isServed(request.from.bare))
      return say(request, { body: texts.tooOld(echo(request.text), ageMs) });
    return answer(taken);
  }

  function takeAll(): Waiting[] {
    waitingLength = 0;
    return waiting.splice(0);
  }

  /** Another bot may send back whatever it is told. */
  function isOurOwn(request: ChatRequest): boolean {
    const known = acquaintances.get(request.from.bare);
    return known !== undefined && known.lastSaid === fingerprint(request.text);
  }

  function settle(work: Promise<void>, { from }: ChatRequest): void {
    work.catch((error: unknown) => ports.onFailure(error, from.toString()));
  }

  return {
    /** To be given every message. @throws if it is malformed */
    message(stanza: Element, self: Jid): void {
      const incoming = classifyMessage(stanza, self);
      if (incoming.kind === 'ignored') ports.onIgnored(incoming.why);
      else if (isOurOwn(incoming.request)) ports.onIgnored('our own words');
      else settle(take(incoming.kind, incoming.request, stanza), incoming.request);
    },
    /** Questions can be answered from now on. */
    opened(): void {
      for (const taken of takeAll()) settle(answerUnlessOld(taken), taken.request);
    },
    /** What waits, for another to answer. */
    takeWaiting: (): readonly Element[] => takeAll().map(({ stanza }) => stanza),
  };
}

export type Reception = ReturnType<typeof createReception>;

const fingerprint = (text: string): string => createHash('sha256').update(text).digest('base64');

const lengthOf = (stanza: Element): number => stanza.toString().length;
