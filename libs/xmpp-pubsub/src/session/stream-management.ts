import type { Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import type { XmlStream } from './stream.js';
import { escapeAttribute } from './xml-text.js';

export const NS_SM = 'urn:xmpp:sm:3';

/** What is needed to take up a broken stream again (XEP-0198 section 5). */
export interface Resumption {
  readonly id: string;
  /** Stanzas of the server's that were handled. */
  received: number;
}

export type ResumeResult =
  | { readonly resumed: true; readonly handled: number }
  /** `handled`: how many of ours the server had got, if it still knows. */
  | { readonly resumed: false; readonly handled: number | undefined };

/** @returns undefined if the server would not */
export async function enable(
  stream: XmlStream,
  resumeSeconds: number,
  nextNonza: () => Promise<Element>,
): Promise<{ readonly resumeId: string | undefined } | undefined> {
  stream.write([`<enable xmlns="${NS_SM}" resume="true" max="${resumeSeconds}"/>`]);
  const reply = await nextNonza();
  if (reply.is('failed', NS_SM)) return undefined;
  if (!reply.is('enabled', NS_SM)) throw unexpected(reply);
  const { id, resume }: Record<string, unknown> = reply.attrs;
  const resumable = typeof id === 'string' && (resume === 'true' || resume === '1');
  return { resumeId: resumable ? id : undefined };
}

export async function resume(
  stream: XmlStream,
  { id, received }: Resumption,
): Promise<ResumeResult> {
  stream.write([`<resume xmlns="${NS_SM}" h="${received}" previd="${escapeAttribute(id)}"/>`]);
  const reply = await stream.next();
  const handled = readHandled(reply);
  if (reply.is('failed', NS_SM)) return { resumed: false, handled };
  if (reply.is('resumed', NS_SM) && handled !== undefined) return { resumed: true, handled };
  throw unexpected(reply);
}

/** The `h` of an acknowledgement, if it is a count. */
export function readHandled(element: Element): number | undefined {
  const h: unknown = element.attrs['h'];
  return typeof h === 'string' && /^\d{1,10}$/.test(h) ? Number(h) : undefined;
}

export const acknowledgement = (received: number): string =>
  `<a xmlns="${NS_SM}" h="${received}"/>`;

const unexpected = (reply: Element) =>
  new XmppError(
    'stream-error',
    `The server answered stream management with <${reply.name}/>, which XEP-0198 does not know`,
  );
