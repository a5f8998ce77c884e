import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  decodeJobMark,
  decodeJobMarks,
  decodeReplyTo,
  encodeBotMessage,
  encodeChatState,
  encodeReceipt,
} from '../src/bot-message.js';
import { parseXml } from './helpers/xml.js';

describe('what the bot says', () => {
  const job = { id: '0192', number: 7, state: 'scheduled' } as const;
  const message = encodeBotMessage({
    to: 'ada@example.org/phone',
    type: 'chat',
    id: 'a1',
    body: 'Scheduled heavy job... #7',
    inReplyTo: { id: 'm1', to: 'ada@example.org/phone' },
    job,
  });

  it('reads as text to people', () => {
    expect(message.getChildText('body')).toBe('Scheduled heavy job... #7');
  });
  it('names the job and the message it answers to programs', () => {
    expect(decodeJobMark(message)).toEqual(job);
    expect(decodeReplyTo(message)).toBe('m1');
  });
  it('names the trace of a job that is over to programs that trace (W3C Trace Context)', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const over = { ...job, state: 'succeeded', traceparent } as const;
    const told = encodeBotMessage({ to: 'ada@example.org', type: 'chat', body: 'Done', job: over });
    expect(decodeJobMark(told)).toEqual(over);
  });
  it('tells programs what came of several jobs at once: value or error', () => {
    const [first, ...also] = [
      { ...job, state: 'succeeded', outcome: { value: { lifted: [1, null] } } },
      {
        ...job,
        number: 8,
        state: 'failed',
        outcome: { error: { class: 'E', message: 'slipped' } },
      },
      { ...job, number: 9, state: 'cancelled' },
    ] as const;
    const told = encodeBotMessage({
      ...{ to: 'ada@example.org', type: 'chat', body: 'Done', job: first },
      also,
    });
    expect(decodeJobMarks(parseXml(told.toString()))).toEqual([first, ...also]);
  });
  it.each(['{"value"', '{}', '{"error": 5}', '7'])('has no outcome in %s', (text) => {
    const json = xml('json', { xmlns: 'urn:xmpp:json:0' }, text);
    const marked = xml('job', { xmlns: 'urn:heavylift:job:1', ...job, number: '7' }, json);
    expect(decodeJobMark(xml('message', {}, marked))).toEqual(job);
  });
  it('can be told whatever handlers returned: what XML forbids is replaced', () => {
    const [cut = ''] = '🏋';
    const told = encodeBotMessage({
      ...{ to: 'ada@example.org', type: 'chat', body: `\u0001\t\uFFFE ${cut.slice(0, 1)} 🏋 <&>` },
    });
    expect(told.getChildText('body')).toBe('\uFFFD\t\uFFFD \uFFFD 🏋 <&>');
  });
  it('corrects an earlier message, and is not kept, when it is progress (XEP-0308, XEP-0334)', () => {
    const progress = encodeBotMessage({
      to: 'ada@example.org',
      type: 'chat',
      body: '#7 12 of 30',
      replaces: 'p1',
      passing: true,
    });
    expect(progress.getChild('replace', 'urn:xmpp:message-correct:0')?.attrs['id']).toBe('p1');
    expect(progress.getChild('no-store', 'urn:xmpp:hints')).toBeDefined();
  });
  it('goes to whoever asked by a command as chat, tied to no message (XEP-0050)', () => {
    const requester = {
      jid: 'ada@example.org/x',
      messageType: 'command',
      messageId: 's1',
    } as const;
    expect(addressOf(requester)).toEqual({ to: 'ada@example.org/x', type: 'chat' });
  });
  it('acknowledges a message (XEP-0184)', () => {
    const receipt = encodeReceipt('ada@example.org/x', 'chat', 'm1');
    expect(receipt.getChild('received', 'urn:xmpp:receipts')?.attrs['id']).toBe('m1');
    expect(receipt.getChild('body')).toBeUndefined();
  });
  it('shows that it is at work, and leaves no trace of that (XEP-0085, XEP-0334)', () => {
    const state = encodeChatState('ada@example.org/x', 'composing');
    expect(state.getChild('composing', 'http://jabber.org/protocol/chatstates')).toBeDefined();
    expect(state.getChild('no-store', 'urn:xmpp:hints')).toBeDefined();
  });
  it.each([[{ number: 'x' }], [{ state: 'dancing' }], [{ id: undefined }]])(
    'finds no mark in one with %j',
    (wrong) => {
      const marked = xml('job', { xmlns: 'urn:heavylift:job:1', ...job, number: '7', ...wrong });
      expect(decodeJobMark(xml('message', {}, marked))).toBeUndefined();
    },
  );
});
