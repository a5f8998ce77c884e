import type { Element } from '@xmpp/xml';
import type { XmppError } from '../errors.js';
import type { Jid } from '../jid.js';

export interface SessionOptions {
  /** `xmpp://host:port`, `xmpps://host:port`, `ws://…`, `wss://…`, or a bare domain to look up by SRV (RFC 6120 section 3.2). */
  readonly service: string;
  /** The domain of the account, e.g. `example.org`. */
  readonly domain: string;
  readonly username: string;
  readonly password: string;
  /** Without it, the server makes one up. */
  readonly resource?: string;
  readonly tls?: TlsOptions;
  /** Waits between attempts to connect, in milliseconds. */
  readonly backoff?: BackoffOptions;
  /** Time for one attempt to connect, log in and bind, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** Time to wait for an answer to a request, in milliseconds. @default 10_000 */
  readonly requestTimeoutMs?: number;
  /** XEP-0199 pings; `false` for none. @default a dead server is noticed within 15 s */
  readonly ping?: PingOptions | false;
  /** XEP-0198; `false` for none. @default on, resumption asked for 10 s */
  readonly streamManagement?: StreamManagementOptions | false;
  /** Requests sent and not answered, at most. @default 256 */
  readonly maxInFlight?: number;
  /** Requests waiting for a place among those in flight, at most; beyond: `queue-full`. Stanzas that the connection has no room for are bounded by `maxInFlight + maxWaiting`. @default 4_096 */
  readonly maxWaiting?: number;
  /** A stanza of more bytes is refused with `too-large` before it is sent. @default 262_144 */
  readonly maxStanzaBytes?: number;
  /** Told what is worth a line in a log and has no other way out. */
  readonly log?: SessionLog;
}

export interface TlsOptions {
  /** PEM of a certificate authority to trust instead of the system's. Not for WebSocket: there the platform decides. */
  readonly ca?: string;
  /** Log in without TLS, for a server on this machine (loopback) only; TLS is used all the same if the server insists or `ca` is given. */
  readonly allowPlaintextOnLoopback?: boolean;
  /** Log in without TLS to any host: whoever is in between can read and change everything. */
  readonly allowPlaintextToAnyHostDangerously?: boolean;
}

export interface BackoffOptions {
  /** Bound of the first wait. @default 250 */
  readonly initialMs?: number;
  /** Bound of every wait. @default 15_000 */
  readonly maxMs?: number;
}

export interface PingOptions {
  /** Idle time after which a ping goes out. @default 8_000 */
  readonly intervalMs?: number;
  /** Time for its answer, after which the connection counts as dead. @default 5_000 */
  readonly timeoutMs?: number;
}

export interface StreamManagementOptions {
  /** How long the server shall keep a broken session for resumption, in seconds. @default 10 */
  readonly resumeSeconds?: number;
}

export interface SessionLog {
  debug(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
}

/**
 * - `idle`: not started yet.
 * - `connecting`: before the first `online`.
 * - `online`.
 * - `offline`: broken, being retried.
 * - `stopped`: by `stop()`, or given up. Final.
 */
export type SessionStatus = 'idle' | 'connecting' | 'online' | 'offline' | 'stopped';

export interface SessionEvents {
  /** The stream is up. Not `resumed`: stanzas may have been lost, so re-read whatever is replicated, and send presence anew. */
  readonly online: { readonly jid: Jid; readonly resumed: boolean };
  /** The stream broke, or an attempt to connect failed; the next attempt comes after `retryInMs`. */
  readonly offline: { readonly error: XmppError; readonly retryInMs: number };
  /** The session ended for good, by itself: wrong credentials, conflict, no encryption or a bad certificate. */
  readonly 'giving-up': { readonly error: XmppError };
  /** A message or presence stanza from anyone. */
  readonly stanza: Element;
}

export interface IqRequest {
  readonly type: 'get' | 'set';
  /** The addressee; without it, the own account. The answer counts only if it comes from there. */
  readonly to?: string;
  readonly payload: Element;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An IQ that somebody sent us. */
export interface IncomingIq {
  readonly from: Jid;
  readonly payload: Element;
}

export type Unlisten = () => void;

/** One logged-in XMPP stream that keeps itself alive. */
export interface Session extends AsyncDisposable {
  readonly status: SessionStatus;
  /** The full JID, once it has been online. */
  readonly jid: Jid | undefined;
  /**
   * Connects, and keeps trying with backoff while the server cannot be reached.
   * @returns the full JID, when online for the first time
   * @throws XmppError `authentication-failed`, `mechanism-refused`, `tls-required`, `certificate-refused`, `conflict`, `stopped`, `aborted`; nothing is left behind then
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<Jid>;
  /** Closes the stream and ends every timer and socket. Requests in flight reject with `stopped`. Never throws. */
  stop(): Promise<void>;
  /** A listener that throws is logged and breaks nothing. */
  on<E extends keyof SessionEvents>(
    event: E,
    listener: (details: SessionEvents[E]) => void,
  ): Unlisten;
  /**
   * Sends an IQ and waits for its answer (RFC 6120 section 8.2.3).
   * @returns the first child of the result, if it has one
   * @throws XmppError `stanza-error`, `timeout`, `disconnected`, `not-online`, `stopped`, `aborted`, `queue-full`, `too-large`, `invalid-character`
   */
  request(request: IqRequest): Promise<Element | undefined>;
  /**
   * Hands a message or presence to the stream; resolves when it is written.
   * @throws XmppError `not-online`, `stopped`, `queue-full`, `too-large`, `invalid-character`: nothing was sent
   */
  send(stanza: Element): Promise<void>;
  /**
   * Like `send`, but resolves when the server has taken the stanza: acknowledged by stream management, or a ping answered behind it.
   * @throws XmppError as `send`, and `timeout`, `disconnected`, `stopped`: it is unknown whether the server has it
   */
  sendConfirmed(stanza: Element, options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * Answers IQs whose payload has this name and namespace. A thrown `XmppError` with stanza details becomes that error, any other `internal-server-error`.
   * What nobody handles is answered `service-unavailable`. XEP-0199 pings are answered already.
   */
  handle(
    type: 'get' | 'set',
    name: string,
    namespace: string,
    handler: (iq: IncomingIq) => Promise<Element | undefined>,
  ): Unlisten;
}
