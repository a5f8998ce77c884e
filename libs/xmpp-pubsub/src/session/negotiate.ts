import type { Element } from '@xmpp/xml';
import { hasCondition, XmppError } from '../errors.js';
import { type Jid, parseJid } from '../jid.js';
import type { Settings } from './options.js';
import { authenticate } from './sasl/authenticate.js';
import { toStanzaError } from './stanza-error.js';
import type { XmlStream } from './stream.js';
import { enable, NS_SM, type Resumption, resume } from './stream-management.js';
import { encryptionStep } from './tls-policy.js';
import { escapeText } from './xml-text.js';

const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

export interface Resumed {
  readonly resumed: true;
  /** How many of our stanzas the server has had. */
  readonly handled: number;
}

export interface Bound {
  readonly resumed: false;
  readonly jid: Jid;
  /** The server acknowledges what we send (XEP-0198). */
  readonly acknowledging: boolean;
  readonly resumeId: string | undefined;
  /** Stanzas that came before the negotiation was over, in order; none of them counts for XEP-0198. */
  readonly early: readonly Element[];
}

export interface Negotiation {
  readonly stream: XmlStream;
  readonly settings: Settings;
  readonly before: Resumption | undefined;
  /** Told before a fresh session begins, if the one before cannot be resumed; how many stanzas had arrived, if the server still knows. */
  readonly lost: (handled: number | undefined) => void;
}

/** From a fresh connection to a stream that carries stanzas: encryption, login, then resumption or binding (RFC 6120 section 9.1). */
export async function negotiate(negotiation: Negotiation): Promise<Resumed | Bound> {
  const { stream, settings, before, lost } = negotiation;
  const encrypted = await encrypt(stream, await stream.open(), settings);
  await authenticate(stream, encrypted, settings);
  const features = await stream.open();
  const { streamManagement } = settings;
  const managed = streamManagement !== false && features.getChild('sm', NS_SM) !== undefined;

  if (before !== undefined) {
    const result = managed ? await resume(stream, before) : undefined;
    if (result?.resumed) return result;
    lost(result?.handled);
  }
  const early: Element[] = [];
  const jid = await bind(stream, settings.resource, early);
  const enabled = managed
    ? await enable(stream, streamManagement.resumeSeconds, () =>
        nextWhere(stream, early, (element) => !isStanza(element)),
      )
    : undefined;
  return {
    resumed: false,
    jid,
    acknowledging: enabled !== undefined,
    resumeId: enabled?.resumeId,
    early,
  };
}

async function encrypt(stream: XmlStream, features: Element, { tls }: Settings): Promise<Element> {
  const { transport } = stream;
  const offer = transport.framed ? undefined : features.getChild('starttls', NS_TLS);
  const step = encryptionStep(
    {
      secure: transport.secure,
      loopback: transport.loopback,
      startTls:
        offer === undefined ? 'missing' : offer.getChild('required') ? 'required' : 'offered',
    },
    tls,
  );
  if (step === 'go-on') return features;
  stream.write([`<starttls xmlns="${NS_TLS}"/>`]);
  const reply = await stream.next();
  if (!reply.is('proceed', NS_TLS)) {
    throw new XmppError(
      'tls-required',
      `The server offered STARTTLS and then answered <${reply.name}/>: no credentials were sent`,
    );
  }
  await stream.startTls();
  return stream.open();
}

async function bind(
  stream: XmlStream,
  resource: string | undefined,
  early: Element[],
): Promise<Jid> {
  const id = globalThis.crypto.randomUUID();
  const wanted = resource === undefined ? '' : `<resource>${escapeText(resource)}</resource>`;
  const xmlns = stream.transport.framed ? ' xmlns="jabber:client"' : '';
  stream.write([
    `<iq${xmlns} type="set" id="${id}"><bind xmlns="${NS_BIND}">${wanted}</bind></iq>`,
  ]);
  const reply = await nextWhere(
    stream,
    early,
    (element) => element.name === 'iq' && element.attrs['id'] === id,
  );
  if (reply.attrs['type'] === 'error') {
    const cause = toStanzaError(reply);
    throw hasCondition(cause, 'conflict')
      ? new XmppError('conflict', `Another session holds the resource ${resource}`, { cause })
      : new XmppError('connection-failed', `The server bound no resource (${cause.message})`, {
          cause,
        });
  }
  const bound = reply.getChild('bind', NS_BIND)?.getChildText('jid');
  if (!bound)
    throw new XmppError('stream-error', 'The server bound a resource and did not say which');
  return parseJid(bound);
}

async function nextWhere(
  stream: XmlStream,
  early: Element[],
  wanted: (element: Element) => boolean,
): Promise<Element> {
  for (;;) {
    const element = await stream.next();
    if (wanted(element)) return element;
    if (isStanza(element)) early.push(element);
  }
}

export const isStanza = ({ name }: Element): boolean =>
  name === 'iq' || name === 'message' || name === 'presence';
