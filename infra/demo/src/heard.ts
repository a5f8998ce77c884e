import type { Element } from '@xmpp/xml';

const correctionNamespace = 'urn:xmpp:message-correct:0';
const replyNamespace = 'urn:xmpp:reply:0';
const fallbackNamespace = 'urn:xmpp:fallback:0';
const jobNamespace = 'urn:heavylift:job:1';

const jobStates = ['scheduled', 'progress', 'succeeded', 'failed', 'cancelled', 'expired'] as const;
export type JobState = (typeof jobStates)[number];

/** What a message says about a job, for programs. */
export interface JobHint {
  readonly id: string;
  /** The short number people see, without its `#`. */
  readonly number: string;
  readonly state: JobState;
}

/** A chat message from the bot. */
export interface Heard {
  readonly body: string;
  readonly id?: string;
  /** The id of the message it answers (XEP-0461). */
  readonly answers?: string;
  /** The id of the message it takes the place of (XEP-0308). */
  readonly replaces?: string;
  readonly job?: JobHint;
  /** Our own message came back: why it was not delivered (RFC 6120 section 8.3.3). */
  readonly undelivered?: string;
}

/** Understands a message stanza; nothing for one that says nothing, such as a typing notification. */
export function parseHeard(message: Element): Heard | undefined {
  const { id, type } = message.attrs;
  if (type === 'error') return { body: '', undelivered: errorCondition(message), ...text({ id }) };
  const body = message.getChildText('body');
  if (body === null || body === '') return undefined;
  const answers = message.getChild('reply', replyNamespace)?.attrs['id'];
  const replaces = message.getChild('replace', correctionNamespace)?.attrs['id'];
  const job = parseJobHint(message.getChild('job', jobNamespace));
  return {
    body: withoutQuote(body, message),
    ...text({ id, answers, replaces }),
    ...(job === undefined ? {} : { job }),
  };
}

/** Only those that are text: an attribute that is missing is no property. */
function text<K extends string>(attributes: Record<K, unknown>): Partial<Record<K, string>> {
  const present: Partial<Record<K, string>> = {};
  for (const name in attributes) {
    const value = attributes[name];
    if (typeof value === 'string') present[name] = value;
  }
  return present;
}

function parseJobHint(hint: Element | undefined): JobHint | undefined {
  if (hint === undefined) return undefined;
  const { id, number } = hint.attrs;
  const state = jobStates.find((known) => known === hint.attrs['state']);
  if (typeof id !== 'string' || typeof number !== 'string' || state === undefined) return undefined;
  return { id, number, state };
}

/** A reply may quote what it answers, for clients that know no replies (XEP-0461 section 3.1). We do. */
function withoutQuote(body: string, message: Element): string {
  const quote = message
    .getChildren('fallback', fallbackNamespace)
    .find((fallback) => fallback.attrs['for'] === replyNamespace)
    ?.getChild('body');
  if (quote === undefined) return body;
  // XEP-0426: positions count Unicode code points.
  const points = [...body];
  const start = Number(quote.attrs['start'] ?? 0);
  const end = Number(quote.attrs['end'] ?? points.length);
  if (!(start >= 0 && start <= end)) return body;
  return [...points.slice(0, start), ...points.slice(end)].join('');
}

function errorCondition(message: Element): string {
  const [condition] = message.getChild('error')?.getChildElements() ?? [];
  return condition?.name ?? 'undefined-condition';
}
