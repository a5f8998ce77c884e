import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { parseHeard } from '../src/heard.js';

const jobNamespace = 'urn:heavylift:job:1';
const chat = (...children: Parameters<typeof xml>[2][]) =>
  xml('message', { type: 'chat', id: 'm1' }, ...children);
const job = (attrs: Record<string, string>) => xml('job', { xmlns: jobNamespace, ...attrs });

describe('a message from the bot', () => {
  it('has a body and an id', () => {
    expect(parseHeard(chat(xml('body', {}, 'Hello')))).toEqual({ id: 'm1', body: 'Hello' });
  });

  it('is nothing without a body', () => {
    const composing = xml('composing', { xmlns: 'http://jabber.org/protocol/chatstates' });
    expect(parseHeard(chat(composing))).toBeUndefined();
    expect(parseHeard(chat(xml('body')))).toBeUndefined();
  });

  it('names what it answers and what it takes the place of (XEP-0461, XEP-0308)', () => {
    const message = chat(
      xml('body', {}, 'Scheduled'),
      xml('reply', { xmlns: 'urn:xmpp:reply:0', id: 'q1', to: 'you@localhost' }),
      xml('replace', { xmlns: 'urn:xmpp:message-correct:0', id: 'm0' }),
    );
    expect(parseHeard(message)).toEqual({
      id: 'm1',
      body: 'Scheduled',
      answers: 'q1',
      replaces: 'm0',
    });
  });

  it('says what became of a job', () => {
    const hint = job({ id: '0192', number: '7', state: 'progress' });
    expect(parseHeard(chat(xml('body', {}, '30 %'), hint))?.job).toEqual({
      id: '0192',
      number: '7',
      state: 'progress',
    });
  });

  it.each([
    { id: '0192', number: '7', state: 'flying' },
    { id: '0192', state: 'progress' },
    { number: '7', state: 'progress' },
  ])('takes no hint that it does not know: %j', (attrs) => {
    expect(parseHeard(chat(xml('body', {}, 'x'), job(attrs)))).toEqual({ id: 'm1', body: 'x' });
  });

  it('is shown without the quote of what it answers, counted in code points (XEP-0426)', () => {
    const quote = '> 💪 lift\n';
    const message = chat(
      xml('body', {}, `${quote}Scheduled`),
      xml(
        'fallback',
        { xmlns: 'urn:xmpp:fallback:0', for: 'urn:xmpp:reply:0' },
        xml('body', { start: '0', end: String([...quote].length) }),
      ),
    );
    expect(parseHeard(message)?.body).toBe('Scheduled');
  });

  it('keeps its whole body where the quote is said to be nowhere', () => {
    const fallback = xml(
      'fallback',
      { xmlns: 'urn:xmpp:fallback:0', for: 'urn:xmpp:reply:0' },
      xml('body', { start: 'x', end: '3' }),
    );
    expect(parseHeard(chat(xml('body', {}, 'Scheduled'), fallback))?.body).toBe('Scheduled');
  });

  it('says why our own message came back', () => {
    const returned = xml(
      'message',
      { type: 'error', id: 'q1' },
      xml('body', {}, 'lift'),
      xml(
        'error',
        { type: 'cancel' },
        xml('service-unavailable', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
      ),
    );
    expect(parseHeard(returned)).toEqual({
      id: 'q1',
      body: '',
      undelivered: 'service-unavailable',
    });
  });
});
