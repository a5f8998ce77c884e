/** Every way in which this library can fail. Each code has a paragraph in `docs/errors.md`. */
export type XmppErrorCode =
  /** The other side answered with `<iq type='error'>`; see {@link XmppError.stanza}. */
  | 'stanza-error'
  /** No answer within the time allowed. Whether the request took effect is unknown. */
  | 'timeout'
  /** The stream was lost for good before the answer came. Whether it took effect is unknown. */
  | 'disconnected'
  /** The session is not online, and the call does not wait for it. Nothing was sent. */
  | 'not-online'
  /** The session was stopped by its owner. */
  | 'stopped'
  /** The caller's `AbortSignal` ended the call. */
  | 'aborted'
  /** Too many requests in flight and waiting. Nothing was sent. */
  | 'queue-full'
  /** The stanza is larger than the server takes. Nothing was sent. */
  | 'too-large'
  /** A value holds a character that XML 1.0 does not allow. Nothing was sent. */
  | 'invalid-character'
  /** The server refused the credentials. */
  | 'authentication-failed'
  /** The server proved no knowledge of the password (SCRAM), or offers no mechanism we accept. */
  | 'mechanism-refused'
  /** The stream is not encrypted, and plaintext was not allowed. */
  | 'tls-required'
  /** The server's certificate is not for this domain, is out of date or comes from no trusted authority. */
  | 'certificate-refused'
  /** Another session took this full JID. */
  | 'conflict'
  /** The server closed the stream, or broke its rules. */
  | 'stream-error'
  /** The connection could not be made or broke. */
  | 'connection-failed'
  /** The answer is not what the XEP says. */
  | 'malformed-answer'
  /** A payload could not be decoded by its codec. */
  | 'undecodable-payload'
  /** A consumer of events did not keep up, and its bounded buffer is full. */
  | 'slow-consumer'
  /** An option has a value that makes no sense. */
  | 'invalid-option';

/** What a stanza error says (RFC 6120 section 8.3, XEP-0060 section 12). */
export interface StanzaErrorDetails {
  /** `auth`, `cancel`, `continue`, `modify` or `wait`. */
  readonly type: string;
  /** The defined condition, e.g. `item-not-found`. */
  readonly condition: string;
  /** The condition of `http://jabber.org/protocol/pubsub#errors`, e.g. `precondition-not-met`. */
  readonly pubsubCondition?: string;
  /** For `unsupported`: which feature is missing. */
  readonly feature?: string;
  /** The server's own words. */
  readonly text?: string;
}

/** The one error class of this library. */
export class XmppError extends Error {
  override readonly name = 'XmppError';
  readonly code: XmppErrorCode;
  readonly stanza: StanzaErrorDetails | undefined;

  constructor(
    code: XmppErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly stanza?: StanzaErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.stanza = options.stanza;
  }
}

/** True for an {@link XmppError}, of this or another copy of the library, with one of the codes (any, if none given). */
export function isXmppError(error: unknown, ...codes: XmppErrorCode[]): error is XmppError {
  if (!(error instanceof Error) || error.name !== 'XmppError' || !('code' in error)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}

/** True if the error is a stanza error with one of the conditions (RFC 6120 or pubsub#errors). */
export function hasCondition(error: unknown, ...conditions: string[]): boolean {
  if (!isXmppError(error, 'stanza-error') || error.stanza === undefined) return false;
  const { condition, pubsubCondition } = error.stanza;
  return conditions.some((wanted) => wanted === condition || wanted === pubsubCondition);
}
