import FramedParser from '@xmpp/websocket/lib/FramedParser.js';
import { type Element, Parser } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { shallow } from './shallow.js';
import { readCondition } from './stanza-error.js';
import type { Transport, TransportEvents } from './transport/types.js';
import { wholeTags } from './whole-tags.js';
import { escapeAttribute } from './xml-text.js';

const NS_STREAMS = 'http://etherx.jabber.org/streams';
const NS_STREAM_ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';
const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';

/** Characters of one incoming stanza, far beyond what any server lets through. */
const MAX_INCOMING = 16 * 1_048_576;

/** An XML stream (RFC 6120 section 4): elements in, text out, and one reason why it ended. */
export interface XmlStream {
  readonly transport: Transport;
  /** When something was last received, on the clock of `performance.now()`. */
  readonly lastReceived: number;
  /** Resolves, and never rejects, when the stream is over. */
  readonly ended: Promise<XmppError>;
  /** Opens the stream, or opens it anew after STARTTLS and SASL; resolves with the features. */
  open(): Promise<Element>;
  /** Encrypts the connection (RFC 6120 section 5.4.3.3); to be followed by `open`. */
  startTls(): Promise<void>;
  /** The next element, while nobody else is told by `deliver`. */
  next(): Promise<Element>;
  /** From now on, every element goes to the handler, in order. */
  deliver(handler: (element: Element) => void): void;
  /** @returns false when the transport would like a pause, until `drained` */
  write(stanzas: readonly string[]): boolean;
  /** Says goodbye and closes; after `timeoutMs` without the server's own goodbye all the same. */
  close(timeoutMs: number): Promise<void>;
  /** Ends the stream now, for this reason. Nothing that arrives later counts. */
  fail(error: XmppError): void;
}

export interface StreamOptions {
  readonly domain: string;
  readonly drained: () => void;
  readonly dial: (events: TransportEvents) => Promise<Transport>;
}

export async function connectStream({ domain, drained, dial }: StreamOptions): Promise<XmlStream> {
  let parser: Parser | undefined;
  let root: Element | undefined;
  let take = wholeTags();
  let unfinished = 0;
  let lastReceived = performance.now();
  let over: XmppError | undefined;
  let closing = false;
  let handler: ((element: Element) => void) | undefined;
  const unread: Element[] = [];
  let reader: { resolve(element: Element): void; reject(error: XmppError): void } | undefined;
  let resolveEnded: (error: XmppError) => void = () => undefined;
  const ended = new Promise<XmppError>((resolve) => {
    resolveEnded = resolve;
  });

  function fail(error: XmppError): void {
    if (over !== undefined) return;
    over = error;
    parser = undefined;
    root = undefined;
    unread.length = 0;
    transport?.destroy();
    reader?.reject(error);
    resolveEnded(error);
  }

  function received(element: Element): void {
    if (over !== undefined) return;
    unfinished = 0;
    if (element.is('error', NS_STREAMS)) fail(toStreamError(element));
    else if (handler !== undefined) handler(element);
    else if (reader === undefined) unread.push(element);
    else {
      reader.resolve(element);
      reader = undefined;
    }
  }

  function parse(chunk: string): void {
    lastReceived = performance.now();
    if (over !== undefined || parser === undefined) return;
    unfinished += chunk.length;
    try {
      parser.write(take(chunk));
    } catch (error) {
      fail(new XmppError('stream-error', 'The server sent what is not XML', { cause: error }));
    }
    // White space between stanzas, a common keep-alive, would collect here for ever.
    if (root !== undefined) root.children.length = 0;
    if (unfinished > MAX_INCOMING) {
      fail(
        new XmppError(
          'stream-error',
          `The server sent a stanza of over ${MAX_INCOMING} characters`,
        ),
      );
    }
  }

  function newParser(): Parser {
    const fresh = shallow(transport?.framed ? new FramedParser() : new Parser());
    fresh.on('start', (element: Element) => {
      root = transport?.framed ? undefined : element;
    });
    fresh.on('element', received);
    fresh.on('end', () => fail(new XmppError('stream-error', 'The server closed the stream')));
    fresh.on('error', (error: Error) => {
      fail(new XmppError('stream-error', 'The server sent what is not XML', { cause: error }));
    });
    return fresh;
  }

  function next(): Promise<Element> {
    if (over !== undefined) return Promise.reject(over);
    const element = unread.shift();
    if (element !== undefined) return Promise.resolve(element);
    return new Promise<Element>((resolve, reject) => {
      reader = { resolve, reject };
    });
  }

  /** Whatever came before encryption or login was finished may be an attacker's. */
  function refuseLeftovers(): void {
    if (unread.length > 0) {
      fail(
        new XmppError('stream-error', 'The server went on talking before the stream was restarted'),
      );
    }
    if (over !== undefined) throw over;
  }

  let transport: Transport | undefined;
  const dialled = await dial({
    text: parse,
    drained,
    closed(cause) {
      const why = cause === undefined ? '' : `: ${cause.message}`;
      fail(new XmppError('connection-failed', `The connection was closed${why}`, { cause }));
    },
  });
  transport = dialled;
  const { framed } = dialled;
  const to = escapeAttribute(domain);

  return {
    transport: dialled,
    ended,
    get lastReceived() {
      return lastReceived;
    },
    async startTls() {
      refuseLeftovers();
      parser = undefined;
      await dialled.startTls();
    },
    async open() {
      refuseLeftovers();
      parser = newParser();
      take = wholeTags();
      dialled.write([
        framed
          ? `<open xmlns="${NS_FRAMING}" to="${to}" version="1.0"/>`
          : `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="${NS_STREAMS}" to="${to}" version="1.0">`,
      ]);
      const features = await next();
      if (features.is('features', NS_STREAMS)) return features;
      throw new XmppError(
        'stream-error',
        `The server began with <${features.name}/> instead of its features`,
      );
    },
    next,
    deliver(newHandler) {
      handler = newHandler;
      for (const element of unread.splice(0)) received(element);
    },
    write: (stanzas) => over === undefined && !closing && dialled.write(stanzas),
    async close(timeoutMs) {
      if (over !== undefined) return;
      dialled.write([framed ? `<close xmlns="${NS_FRAMING}"/>` : '</stream:stream>']);
      closing = true;
      const closed = new XmppError('stopped', 'The stream was closed by its owner');
      const timer = setTimeout(() => fail(closed), timeoutMs);
      await ended;
      clearTimeout(timer);
    },
    fail,
  };
}

function toStreamError(element: Element): XmppError {
  const { condition, text } = readCondition(element, NS_STREAM_ERRORS);
  const words = text === undefined ? '' : `: ${text}`;
  return condition === 'conflict'
    ? new XmppError(
        'conflict',
        `Another session took this full JID${words}: give every session its own resource`,
      )
    : new XmppError('stream-error', `The server closed the stream with ${condition}${words}`);
}
