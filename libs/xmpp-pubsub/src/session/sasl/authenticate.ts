import type { Element } from '@xmpp/xml';
import { XmppError } from '../../errors.js';
import { readCondition } from '../stanza-error.js';
import type { XmlStream } from '../stream.js';
import { escapeAttribute } from '../xml-text.js';
import { SCRAM_HASHES, type ScramCredentials, type ScramMechanism, startScram } from './scram.js';
import { fromBase64, fromUtf8, saslPrep, toBase64, utf8 } from './text.js';

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

/** The strongest first; a key of {@link SCRAM_HASHES} each. */
const PREFERRED: readonly ScramMechanism[] = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1'];

/** Conditions after which the same credentials may well be accepted later. */
const PASSING = new Set(['temporary-auth-failure', 'aborted']);

/**
 * SASL (RFC 6120 section 6) with the strongest SCRAM offered, or PLAIN when there is none and the stream is encrypted.
 * @throws XmppError `authentication-failed`, `mechanism-refused`, or `connection-failed` for a passing failure
 */
export async function authenticate(
  stream: XmlStream,
  features: Element,
  credentials: ScramCredentials,
): Promise<void> {
  const offered = offeredMechanisms(features);
  const mechanism = PREFERRED.find((name) => offered.includes(name));
  if (mechanism !== undefined) return authenticateByScram(stream, mechanism, credentials);
  if (offered.includes('PLAIN') && stream.transport.secure) {
    const { username, password } = credentials;
    send(stream, 'auth', `\0${saslPrep(username)}\0${saslPrep(password)}`, 'PLAIN');
    await answer(stream, 'success');
    return;
  }
  throw new XmppError(
    'mechanism-refused',
    `The server offers ${offered.join(', ') || 'no SASL mechanism'}; accepted are ${PREFERRED.join(', ')}, and PLAIN on an encrypted stream`,
  );
}

async function authenticateByScram(
  stream: XmlStream,
  mechanism: ScramMechanism,
  credentials: ScramCredentials,
): Promise<void> {
  const scram = startScram(mechanism, credentials);
  send(stream, 'auth', scram.clientFirst, mechanism);
  const first = await answer(stream, 'challenge');
  send(stream, 'response', await scram.clientFinal(readData(first)));
  let last = await answer(stream, 'success', 'challenge');
  // The server's proof comes with the success, or in a challenge of its own before it.
  scram.verify(readData(last));
  if (last.name === 'challenge') {
    send(stream, 'response', '');
    last = await answer(stream, 'success');
  }
}

const offeredMechanisms = (features: Element): string[] =>
  features
    .getChild('mechanisms', NS_SASL)
    ?.getChildren('mechanism')
    .map((mechanism) => mechanism.getText()) ?? [];

function send(stream: XmlStream, name: 'auth' | 'response', data: string, mechanism?: string) {
  const attribute = mechanism === undefined ? '' : ` mechanism="${escapeAttribute(mechanism)}"`;
  stream.write([`<${name} xmlns="${NS_SASL}"${attribute}>${toBase64(utf8(data))}</${name}>`]);
}

async function answer(stream: XmlStream, ...expected: string[]): Promise<Element> {
  const element = await stream.next();
  if (element.getNS() === NS_SASL && expected.includes(element.name)) return element;
  if (element.is('failure', NS_SASL)) throw failure(element);
  throw new XmppError(
    'mechanism-refused',
    `The server answered the login with <${element.name}/>, expected was <${expected.join('/> or <')}/>`,
  );
}

function readData(element: Element): string {
  try {
    return fromUtf8(fromBase64(element.getText().trim()));
  } catch (error) {
    throw new XmppError('mechanism-refused', 'The server sent SASL data that is not base64', {
      cause: error,
    });
  }
}

function failure(element: Element): XmppError {
  const { condition, text } = readCondition(element, NS_SASL);
  const said = text === undefined ? condition : `${condition}: ${text}`;
  return PASSING.has(condition)
    ? new XmppError('connection-failed', `The server could not check the credentials (${said})`)
    : new XmppError(
        'authentication-failed',
        `The server refused the credentials (${said}): check username, password and domain`,
      );
}
