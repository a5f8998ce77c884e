import { answersCodec, type Order, type OrderAnswer, ordersCodec } from '@heavylift/jobs';
import { type Session, XmppError } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import type { InOffice } from './dispatcher.js';
import type { AcceptedJob } from './types.js';

/** Requests under way at a time. What is ordered meanwhile goes with the next. */
const mostUnderWay = 4;
/** Characters of orders in one request, well below what servers take in a stanza. */
const mostCharacters = 12_000;

export interface Orders {
  /**
   * Orders a job, once, in a request together with whatever else is ordered at the time.
   * @throws XmppError `stanza-error`, or as `Session.request`; the signal's reason
   */
  place(to: InOffice, order: Order, signal: AbortSignal): Promise<AcceptedJob>;
}

interface Waiting {
  readonly order: Order;
  readonly to: InOffice;
  readonly characters: number;
  readonly resolve: (job: AcceptedJob) => void;
  readonly reject: (error: unknown) => void;
}

/** One order alone goes at once; what comes while others are under way goes together. There is no timer in it. */
export function createOrders(session: Pick<Session, 'request'>): Orders {
  let waiting: Waiting[] = [];
  let underWay = 0;
  let isDue = false;

  /** Soon: when whoever orders has ordered all that is to be ordered in this turn. */
  function sendSoon(): void {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      while (underWay < mostUnderWay && waiting.length > 0) void send(take());
    });
  }

  /** What goes into one request: to one dispatcher, and no order twice. */
  function take(): readonly Waiting[] {
    const taken: Waiting[] = [];
    const names = new Set<string>();
    let characters = 0;
    for (const next of waiting) {
      const { to, order } = next;
      characters += next.characters;
      const isFirst = taken.length === 0;
      if (!isFirst && (taken.length >= to.orders || characters > mostCharacters)) break;
      if (to.jid !== (taken[0]?.to.jid ?? to.jid) || names.has(order.submission)) break;
      names.add(order.submission);
      taken.push(next);
    }
    waiting = waiting.slice(taken.length);
    return taken;
  }

  async function send(taken: readonly Waiting[]): Promise<void> {
    underWay += 1;
    try {
      const answers = await request(taken);
      for (const { order, resolve, reject } of taken) {
        const answer = answers.get(order.submission);
        if (answer === undefined) reject(malformed(`no answer to the order ${order.submission}`));
        else if ('refusal' in answer) reject(refused(answer.refusal, answer.text));
        else resolve({ ...answer.job, text: answer.text });
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    } finally {
      underWay -= 1;
      sendSoon();
    }
  }

  async function request(taken: readonly Waiting[]): Promise<ReadonlyMap<string, OrderAnswer>> {
    const payload = ordersCodec.encode(taken.map(({ order }) => order));
    const [to] = taken.map((each) => each.to.jid);
    const answer = await session.request({ type: 'set', payload, ...(to !== undefined && { to }) });
    if (answer === undefined) throw malformed('the orders were answered by nothing');
    return new Map(read(answer).map((each) => [each.submission, each]));
  }

  return {
    place: (to, order, signal) =>
      new Promise((resolve, reject) => {
        const settled = (): void => signal.removeEventListener('abort', abort);
        const mine: Waiting = {
          order,
          to,
          characters: JSON.stringify(order).length,
          resolve(job) {
            settled();
            resolve(job);
          },
          reject(error) {
            settled();
            reject(error);
          },
        };
        const abort = (): void => {
          waiting = waiting.filter((other) => other !== mine);
          mine.reject(signal.reason);
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting.push(mine);
        sendSoon();
      }),
  };
}

function read(answer: Element): readonly OrderAnswer[] {
  try {
    return answersCodec.decode(answer);
  } catch (cause) {
    throw malformed('the answer to orders makes no sense', cause);
  }
}

const malformed = (message: string, cause?: unknown): XmppError =>
  new XmppError('malformed-answer', message, { cause });

function refused(refusal: { readonly type: string; readonly condition: string }, text: string) {
  return new XmppError('stanza-error', text, { stanza: { ...refusal, text } });
}
