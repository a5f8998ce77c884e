import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSession, type SessionOptions } from '../../src/index.js';

const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing';
const STREAMS = "xmlns:stream='http://etherx.jabber.org/streams'";

type Listener = (event: { data?: unknown }) => void;

/** A platform's WebSocket with a server behind it that answers frame by frame. */
function stubWebSocket(answer: (frame: string, n: number) => string[]) {
  const frames: string[] = [];
  const sockets: { open: boolean }[] = [];
  class Stub {
    readonly protocol = 'xmpp';
    bufferedAmount = 0;
    open = true;
    readonly listeners = new Map<string, Listener[]>();
    constructor(url: string, protocols: string[]) {
      expect(url).toBe('ws://localhost/ws');
      expect(protocols).toEqual(['xmpp']);
      sockets.push(this);
      setImmediate(() => this.emit('open', {}));
    }
    addEventListener(type: string, listener: Listener) {
      this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
    }
    emit(type: string, event: { data?: unknown }) {
      for (const listener of this.listeners.get(type) ?? []) listener(event);
    }
    send(frame: string) {
      frames.push(frame);
      const n = frames.length;
      setImmediate(() => {
        for (const data of answer(frame, n)) this.emit('message', { data });
      });
    }
    close() {
      if (!this.open) return;
      this.open = false;
      setImmediate(() => this.emit('close', {}));
    }
  }
  vi.stubGlobal('WebSocket', Stub);
  return { frames, sockets };
}

const options: SessionOptions = {
  service: 'ws://localhost/ws',
  domain: 'localhost',
  username: 'juliet',
  password: 'secret',
  tls: { allowPlaintextOnLoopback: true },
  streamManagement: false,
};

afterEach(() => vi.unstubAllGlobals());

describe('XMPP over WebSocket (RFC 7395)', () => {
  it('sends no credentials over ws:// unless plaintext is allowed', async () => {
    const { frames } = stubWebSocket(() => [
      `<open xmlns='${NS_FRAMING}'/>`,
      `<stream:features ${STREAMS}><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>`,
    ]);
    const session = createSession({ ...options, tls: {} });
    await expect(session.start()).rejects.toMatchObject({ code: 'tls-required' });
    expect(frames).toHaveLength(1);
  });

  it('frames each stanza as a document of its own, and refuses a server without a SCRAM proof', async () => {
    const { frames, sockets } = stubWebSocket((frame) => {
      if (frame.startsWith('<open')) {
        return [
          `<open xmlns='${NS_FRAMING}'/>`,
          `<stream:features ${STREAMS}><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>`,
        ];
      }
      return ["<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"];
    });
    const session = createSession(options);
    await expect(session.start()).rejects.toMatchObject({ code: 'mechanism-refused' });
    expect(frames[0]).toBe(`<open xmlns="${NS_FRAMING}" to="localhost" version="1.0"/>`);
    expect(frames[1]).toMatch(/^<auth xmlns=.*<\/auth>$/);
    expect(sockets.map(({ open }) => open)).toEqual([false]);
  });

  it('takes no authority of its own: the platform decides whom it trusts', () => {
    stubWebSocket(() => []);
    expect(() => createSession({ ...options, tls: { ca: 'PEM' } })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
