import { EventEmitter } from 'node:events';
import type { BotMessage } from '@heavylift/jobs';
import { type Session, type SessionEvents, XmppError } from '@heavylift/xmpp-pubsub';
import { jid } from '@xmpp/jid';
import xml from '@xmpp/xml';
import { describe, expect, it, vi } from 'vitest';
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
  const session: Pick<Session, 'on' | 'request'> = {
    on(event, listener) {
      happenings.on(event, listener);
      return () => happenings.off(event, listener);
    },
    request: async () => xml('query', { xmlns: 'jabber:iq:last', seconds: uptime }),
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
    ours(value: boolean) {
      isOurs = value;
    },
    async comeBack(seconds: string | undefined) {
      uptime = seconds;
      happens('offline', { error: new XmppError('connection-failed', 'cut'), retryInMs: 1 });
      happens('online', { jid: jid('bot@x/1'), resumed: false });
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
