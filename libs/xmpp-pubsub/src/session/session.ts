import type { Element } from '@xmpp/xml';
import { isXmppError, XmppError, type XmppErrorCode } from '../errors.js';
import type { Jid } from '../jid.js';
import { createBackoff } from './backoff.js';
import { type Connected, connect, toXmppError } from './connect.js';
import { createDeadlines } from './deadlines.js';
import { createEmitter } from './emitter.js';
import { createIncomingIqs } from './incoming-iq.js';
import { createRequests } from './iq.js';
import { watchLiveness } from './liveness.js';
import { isStanza } from './negotiate.js';
import { readOptions } from './options.js';
import { createOutgoing, type Losses } from './outgoing.js';
import { createSending, NS_PING } from './sending.js';
import { sleep } from './sleep.js';
import type { XmlStream } from './stream.js';
import { acknowledgement, NS_SM, type Resumption, readHandled } from './stream-management.js';
import type { Session, SessionEvents, SessionOptions, SessionStatus } from './types.js';
import { checkStanza } from './xml-text.js';

/** Time for the server's goodbye in `stop()`. */
const GOODBYE_MS = 1_000;

/** Trying again would end the same way, or do harm. */
const FINAL: ReadonlySet<XmppErrorCode> = new Set([
  'authentication-failed',
  'mechanism-refused',
  'tls-required',
  'certificate-refused',
  'conflict',
  'invalid-option',
]);

/**
 * An XMPP session: nothing happens before `start()`.
 * @throws XmppError `invalid-option`
 */
export function createSession(options: SessionOptions): Session {
  const settings = readOptions(options);
  const { log } = settings;
  const framed = settings.targets.some(({ kind }) => kind === 'websocket');
  // Over WebSocket each stanza is a document of its own (RFC 7395 section 3.3.3).
  const stanzaAttributes = framed ? ' xmlns="jabber:client"' : '';

  const events = createEmitter<SessionEvents>(log);
  const deadlines = createDeadlines();
  const outgoing = createOutgoing(settings.maxInFlight + settings.maxWaiting);
  const requests = createRequests({
    settings,
    outgoing,
    deadlines,
    ownJid: () => jid,
    stanzaAttributes,
  });
  const incomingIqs = createIncomingIqs({
    log,
    stanzaAttributes,
    reply: (text) => {
      checkStanza(text, settings.maxStanzaBytes);
      if (status === 'online') outgoing.push({ xml: text });
    },
  });
  const sending = createSending({
    settings,
    outgoing,
    requests,
    deadlines,
    stanzaAttributes,
    status: () => status,
  });
  incomingIqs.handle('get', 'ping', NS_PING, () => Promise.resolve(undefined));

  const ending = new AbortController();
  let status: SessionStatus = 'idle';
  let jid: Jid | undefined;
  let stream: XmlStream | undefined;
  /** Stanzas received since stream management was enabled, modulo 2^32. */
  let received = 0;
  let resumeId: string | undefined;
  let started: Promise<Jid> | undefined;
  let stopping: Promise<void> | undefined;
  let running: Promise<void> | undefined;
  let firstOnline: { resolve(jid: Jid): void; reject(error: XmppError): void } | undefined;

  // --- A stream's life -------------------------------------------------------------------------

  async function run(): Promise<void> {
    const backoff = createBackoff(settings.backoff);
    let failures = 0;
    while (!ending.signal.aborted) {
      let upSince: number | undefined;
      let failure: XmppError;
      try {
        const connected = await connect({
          settings,
          failures,
          signal: ending.signal,
          before: resumption(),
          lost: (handled) => lose(undefined, handled),
          drained: outgoing.drained,
        });
        upSince = performance.now();
        failures = 0;
        failure = await beOnline(connected);
      } catch (error) {
        failures += 1;
        failure = toXmppError(error);
      }
      if (ending.signal.aborted) return;
      if (isFinal(failure, upSince !== undefined)) return giveUp(failure);
      const retryInMs = backoff.next(upSince === undefined ? 0 : performance.now() - upSince);
      log.debug({ error: failure, retryInMs }, 'the session is offline');
      events.emit('offline', { error: failure, retryInMs });
      await sleep(retryInMs, ending.signal);
    }
  }

  /** A session of our own that the server has not given up yet may hold the resource for a while after a break; that is no rival. */
  const isFinal = ({ code }: XmppError, wasOnline: boolean) =>
    FINAL.has(code) && (code !== 'conflict' || wasOnline || jid === undefined);

  async function beOnline({ stream: newStream, negotiated }: Connected): Promise<XmppError> {
    stream = newStream;
    status = 'online';
    if (negotiated.resumed) {
      outgoing.resume(newStream, negotiated.handled);
    } else {
      jid = negotiated.jid;
      resumeId = negotiated.resumeId;
      received = 0;
      outgoing.attach(newStream, negotiated.acknowledging);
    }
    const unwatch = watch(newStream);
    if (jid !== undefined) {
      firstOnline?.resolve(jid);
      events.emit('online', { jid, resumed: negotiated.resumed });
    }
    if (!negotiated.resumed) for (const stanza of negotiated.early) route(stanza);
    newStream.deliver(receive);

    const failure = await newStream.ended;
    unwatch();
    stream = undefined;
    outgoing.detach();
    if (ending.signal.aborted) return failure;
    status = 'offline';
    // A stream that the server itself closed cannot be resumed.
    if (resumption() === undefined || isXmppError(failure, 'stream-error', 'conflict')) {
      lose(failure);
    }
    return failure;
  }

  const resumption = (): Resumption | undefined =>
    resumeId === undefined ? undefined : { id: resumeId, received };

  /** The stream of before is lost for good; `handled`: how many stanzas the server had got, if it says so. */
  function lose(cause: XmppError | undefined, handled?: number): void {
    resumeId = undefined;
    const losses = lossesFor(cause);
    outgoing.abandon(losses, handled);
    requests.abandon(losses);
  }

  function giveUp(error: XmppError): void {
    end(error);
    log.warn({ error }, 'the session gives up');
    events.emit('giving-up', { error });
  }

  function end(error: XmppError): void {
    status = 'stopped';
    lose(error);
    deadlines.clear();
    firstOnline?.reject(error);
  }

  function watch(watched: XmlStream): () => void {
    if (settings.ping === false) return () => undefined;
    const { intervalMs, timeoutMs } = settings.ping;
    return watchLiveness({
      intervalMs,
      timeoutMs,
      lastReceived: () => watched.lastReceived,
      ping: sendPing,
      dead: () => {
        watched.fail(
          new XmppError(
            'connection-failed',
            `The server was silent for ${intervalMs} ms and did not answer a ping within ${timeoutMs} ms`,
          ),
        );
      },
    });
  }

  /** Its answer is traffic, which is all that counts, so nobody waits for it. */
  function sendPing(): void {
    const id = globalThis.crypto.randomUUID();
    try {
      outgoing.push({
        xml: `<iq${stanzaAttributes} type="get" id="${id}"><ping xmlns="${NS_PING}"/></iq>`,
      });
      outgoing.requestAcknowledgement();
    } catch (error) {
      log.debug({ error }, 'no room for a ping: a server that reads nothing is found dead without');
    }
  }

  // --- Stanzas in ------------------------------------------------------------------------------

  function receive(element: Element): void {
    if (isStanza(element)) {
      route(element);
      received = (received + 1) >>> 0;
    } else if (element.is('r', NS_SM)) {
      stream?.write([acknowledgement(received)]);
    } else if (element.is('a', NS_SM)) {
      const handled = readHandled(element);
      if (handled !== undefined) outgoing.acknowledged(handled);
    }
  }

  function route(stanza: Element): void {
    const type: unknown = stanza.attrs['type'];
    if (stanza.name !== 'iq') events.emit('stanza', stanza);
    else if (type === 'result' || type === 'error') requests.answered(stanza);
    else incomingIqs.received(stanza, jid?.bare ?? '');
  }

  // --- Start and stop --------------------------------------------------------------------------

  function start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Jid> {
    if (status === 'stopped') {
      return Promise.reject(new XmppError('stopped', 'A stopped session cannot start again'));
    }
    started ??= new Promise<Jid>((resolve, reject) => {
      const abort = () =>
        stop(new XmppError('aborted', 'The start was aborted', { cause: signal?.reason }));
      const settled = () => signal?.removeEventListener('abort', abort);
      firstOnline = {
        resolve: (ownJid) => {
          settled();
          resolve(ownJid);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      status = 'connecting';
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) void abort();
      else running = run();
    });
    return started;
  }

  function stop(reason = new XmppError('stopped', 'The session was stopped')): Promise<void> {
    stopping ??= shutDown(reason);
    return stopping;
  }

  async function shutDown(reason: XmppError): Promise<void> {
    // What was sent in the same turn is still written.
    await Promise.resolve();
    if (outgoing.acknowledging) stream?.write([acknowledgement(received)]);
    if (status !== 'stopped') {
      ending.abort();
      end(reason);
    }
    await stream?.close(GOODBYE_MS);
    await running;
  }

  return {
    get status() {
      return status;
    },
    get jid() {
      return jid;
    },
    start,
    stop: () => stop(),
    [Symbol.asyncDispose]: () => stop(),
    on: events.on,
    request: sending.request,
    send: sending.send,
    sendConfirmed: (stanza, { timeoutMs = settings.requestTimeoutMs } = {}) =>
      sending.sendConfirmed(stanza, timeoutMs),
    handle: incomingIqs.handle,
  };
}

/** What to tell whoever waits for a stream that will not come back. */
function lossesFor(cause: XmppError | undefined): Losses {
  if (cause?.code === 'stopped' || cause?.code === 'aborted') return { sent: cause, unsent: cause };
  return {
    sent: new XmppError(
      'disconnected',
      'The stream was lost for good before the answer came: it is unknown whether the stanza arrived or took effect',
      { cause },
    ),
    unsent: new XmppError('not-online', 'The stream was lost; nothing was sent', { cause }),
  };
}
