import { EventEmitter } from 'node:events';
import type { BotMessage } from '@heavylift/jobs';
import { parseJid, type Session, type SessionEvents, XmppError } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRetelling } from '../src/retelling.js';

const message = (id: string): BotMessage => ({ to: 'ada@x', type: 'chat', id, body: 'Done' });

/** A session whose server says since when it is up. */
function setUp() {
  const happenings = new EventEmitter();
  const happens = <E extends keyof SessionEvents>(event: E, details: SessionEvents[E]) =>
    happenings.emit(event, details);
  const said: (string | undefined)[] = [];
  let isOurs = true;
  let uptime: string | undefined;
  const failures: XmppError[] = [];
  const session: Pick<Session, 'on' | 'request'> = {
    on(event, listener) {
      happenings.on(event, listener);
      return () => happenings.off(event, listener);
    },
    request: async () => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return xml('query', { xmlns: 'jabber:iq:last', seconds: uptime });
    },
  };
  const retelling = createRetelling({
    session,
    domain: () => 'x',
    say: async ({ id }) => {
      if (!isOurs) throw new Error('standing by');
      said.push(id);
    },
    onRetold: () => undefined,
    onFailure: () => undefined,
  });
  return {
    retelling,
    said,
    /** The next questions fail. */
    fail: (...errors: XmppError[]) => void failures.push(...errors),
    ours(value: boolean) {
      isOurs = value;
    },
    async comeBack(seconds: string | undefined) {
      uptime = seconds;
      happens('offline', { error: new XmppError('connection-failed', 'cut'), retryInMs: 1 });
      happens('online', { jid: parseJid('bot@x/1'), resumed: false });
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('what was told just before a break', () => {
  it('is told once more, in order, if the server has been started since', async () => {
    const { retelling, said, comeBack } = setUp();
    for (const id of ['a', 'b']) retelling.said(message(id));
    await comeBack('0');
    await vi.waitFor(() => expect(said).toEqual(['a', 'b']));
  });

  it.each([['3600'], [undefined]])(
    'is not, if the server is up for longer, or says nothing of it: %s',
    async (seconds) => {
      const { retelling, said, comeBack } = setUp();
      retelling.said(message('a'));
      await comeBack(seconds);
      expect(said).toEqual([]);
    },
  );

  it('is, if the server seems to be up for longer by less than the second that it counts in', async () => {
    const { retelling, said, comeBack } = setUp();
    retelling.said(message('a'));
    await comeBack('1');
    await vi.waitFor(() => expect(said).toEqual(['a']));
  });

  it('is, if the server answers the question only when asked again', async () => {
    const { retelling, said, fail, comeBack } = setUp();
    retelling.said(message('a'));
    fail(new XmppError('timeout', 'silent'), new XmppError('timeout', 'silent'));
    await comeBack('0');
    await vi.waitFor(() => expect(said).toEqual(['a']));
  });

  it('is, if the connection broke once more before the server was asked, or before it was ours to say', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { retelling, said, fail, ours, comeBack } = setUp();
    retelling.said(message('a'));
    fail(new XmppError('disconnected', 'cut'));
    await comeBack('0');
    expect(said).toEqual([]);
    ours(false);
    await comeBack('0');
    vi.advanceTimersByTime(10_000);
    await comeBack('0');
    ours(true);
    await comeBack('3600');
    await vi.waitFor(() => expect(said).toEqual(['a']));
  });

  it('is not, if the server does not tell how long it is up', async () => {
    const { retelling, said, fail, comeBack } = setUp();
    retelling.said(message('a'));
    fail(new XmppError('stanza-error', 'service-unavailable'));
    await comeBack('0');
    retelling.resume();
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toEqual([]);
  });

  it('waits until it is ours to say', async () => {
    const { retelling, said, ours, comeBack } = setUp();
    retelling.said(message('a'));
    ours(false);
    await comeBack('0');
    expect(said).toEqual([]);
    ours(true);
    await vi.waitFor(() => {
      retelling.resume();
      expect(said).toEqual(['a']);
    });
  });

  it('is forgotten at the stop', async () => {
    const { retelling, said, comeBack } = setUp();
    retelling.said(message('a'));
    retelling.stop();
    await comeBack('0');
    expect(said).toEqual([]);
  });
});
