import { parseJid } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { classifyMessage } from '../../src/chat/incoming.js';

const self = parseJid('bot@example.org/dispatcher.1');
const message = (attrs: Record<string, string>, ...children: Element[]): Element =>
  xml('message', { from: 'ada@example.org/phone', type: 'chat', ...attrs }, ...children);
const body = (text: string): Element => xml('body', {}, text);

const omemo = (...children: Element[]): Element =>
  xml('encrypted', { xmlns: 'eu.siacs.conversations.axolotl' }, xml('header'), ...children);

describe('classifyMessage', () => {
  it('keeps no ids, thread or language that are longer than 1,024 characters', () => {
    const long = 'x'.repeat(1_025);
    const stanza = message({ id: long, 'xml:lang': long }, body('lift'), xml('thread', {}, long));
    const incoming = classifyMessage(stanza, self);
    expect(JSON.stringify(incoming).length).toBeLessThan(1_000);
    expect(incoming).toMatchObject({ kind: 'request', request: { text: 'lift' } });
  });

  it('takes a chat message with all that its answer needs', () => {
    const stanza = message(
      { id: 'm1', 'xml:lang': 'de' },
      body('lift 5'),
      xml('thread', {}, 't1'),
      xml('origin-id', { xmlns: 'urn:xmpp:sid:0', id: 'o1' }),
      xml('delay', { xmlns: 'urn:xmpp:delay', stamp: '2026-01-02T03:04:05Z' }),
    );
    expect(classifyMessage(stanza, self)).toEqual({
      kind: 'request',
      request: {
        from: parseJid('ada@example.org/phone'),
        messageId: 'm1',
        originId: 'o1',
        thread: 't1',
        lang: 'de',
        messageType: 'chat',
        text: 'lift 5',
        writtenAt: new Date('2026-01-02T03:04:05Z'),
        wantsReceipt: false,
        showsStates: false,
      },
    });
  });

  it('sees that it corrects or takes back another message (XEP-0308, XEP-0424)', () => {
    const replace = xml('replace', { xmlns: 'urn:xmpp:message-correct:0', id: 'm1' });
    expect(classifyMessage(message({}, body('lift 7'), replace), self)).toMatchObject({
      request: { text: 'lift 7', corrects: 'm1' },
    });
    const retract = xml('retract', { xmlns: 'urn:xmpp:message-retract:1', id: 'm1' });
    const old = xml(
      'apply-to',
      { xmlns: 'urn:xmpp:fasten:0', id: 'm1' },
      xml('retract', { xmlns: 'urn:xmpp:message-retract:0' }),
    );
    for (const each of [retract, old])
      expect(classifyMessage(message({}, body('I take back: lift'), each), self)).toMatchObject({
        request: { text: '', retracts: 'm1' },
      });
  });

  it('believes its own server alone about how long it waited, and knows that it was kept', () => {
    const delay = (attrs: Record<string, string>) =>
      xml('delay', { xmlns: 'urn:xmpp:delay', stamp: '2026-01-02T03:04:05Z', ...attrs });
    const read = (...delays: Element[]) => {
      const incoming = classifyMessage(message({}, body('lift'), ...delays), self);
      return 'request' in incoming ? incoming.request : undefined;
    };
    const at = new Date('2026-01-02T03:04:05Z');
    expect(read(delay({ from: 'example.org' }))).toMatchObject({ writtenAt: at, wasKept: true });
    expect(read(delay({ from: 'bot@example.org' }))).toMatchObject({ writtenAt: at });
    for (const none of [
      delay({ from: 'ada@example.org/phone' }),
      delay({ from: 'elsewhere.example' }),
      delay({ stamp: 'yesterday' }),
    ])
      expect(read(none)).not.toHaveProperty('writtenAt');
    const later = delay({ from: 'example.org', stamp: '2026-01-02T03:09:00Z' });
    expect(read(later, delay({ from: 'bot@example.org' }))).toMatchObject({
      ...{ writtenAt: at, wasKept: true },
    });
  });

  it('takes a message without a type as a normal one (RFC 6121 section 5.2.2)', () => {
    const stanza = xml('message', { from: 'ada@example.org/phone' }, body('lift'));
    expect(classifyMessage(stanza, self)).toMatchObject({ request: { messageType: 'normal' } });
  });

  it('sees what the client can do (XEP-0085 section 5.1, XEP-0184)', () => {
    const stanza = message(
      {},
      body('lift'),
      xml('active', { xmlns: 'http://jabber.org/protocol/chatstates' }),
      xml('request', { xmlns: 'urn:xmpp:receipts' }),
    );
    expect(classifyMessage(stanza, self)).toMatchObject({
      request: { wantsReceipt: true, showsStates: true },
    });
  });

  it.each([
    ['an error, or two bots would argue for ever', message({ type: 'error' }, body('lift'))],
    ['a headline', message({ type: 'headline' }, body('lift'))],
    ['a room', message({ type: 'groupchat' }, body('lift'))],
    ['its own echo', message({ from: 'bot@example.org/x' }, body('lift'))],
    ['a server', message({ from: 'example.org' }, body('lift'))],
    ['nobody', xml('message', { type: 'chat' }, body('lift'))],
    ['no body (a chat state, a receipt)', message({})],
    ['a blank body', message({}, body(' \u00a0\n'))],
    ['a blank body of zero width', message({}, body('\u200b\ufeff\u200d'))],
    ['an exchange of keys (XEP-0384)', message({}, omemo())],
    [
      'a reaction with its fallback (XEP-0444)',
      message({}, body('lift'), xml('reactions', { xmlns: 'urn:xmpp:reactions:0', id: 'm1' })),
    ],
    [
      'a body that is nothing but a fallback (XEP-0428)',
      message({}, body('lift'), xml('fallback', { xmlns: 'urn:xmpp:fallback:0' })),
    ],
    ['an invitation', message({}, body('come!'), xml('x', { xmlns: 'jabber:x:conference' }))],
    [
      'an exchange of keys that is marked as encrypted',
      message({}, omemo(), xml('encryption', { xmlns: 'urn:xmpp:eme:0' })),
    ],
    [
      'a carbon copy or an archived message',
      message(
        {},
        xml('received', { xmlns: 'urn:xmpp:carbons:2' }, xml('message', {}, body('lift'))),
        xml('result', { xmlns: 'urn:xmpp:mam:2' }, xml('message', {}, body('lift'))),
      ),
    ],
    [
      'a marker (XEP-0333)',
      message({}, xml('displayed', { xmlns: 'urn:xmpp:chat-markers:0', id: 'm1' })),
    ],
    ['a presence', xml('presence', { from: 'ada@example.org/phone' })],
    ['an unreadable sender', message({ from: '@' }, body('lift'))],
  ])('ignores %s', (_, stanza) => {
    expect(classifyMessage(stanza, self)).toMatchObject({ kind: 'ignored' });
  });

  it.each([
    ['OMEMO', message({}, body('…'), omemo(xml('payload')))],
    ['OMEMO without a fallback', message({}, omemo(xml('payload')))],
    ['OpenPGP', message({}, body('…'), xml('x', { xmlns: 'jabber:x:encrypted' }, '…'))],
    ['XEP-0380', message({}, body('…'), xml('encryption', { xmlns: 'urn:xmpp:eme:0' }))],
    ['OTR', message({}, body('?OTRv23?'))],
  ])('sees that it cannot read %s', (_, stanza) => {
    expect(classifyMessage(stanza, self)).toMatchObject({ kind: 'encrypted' });
  });
});
