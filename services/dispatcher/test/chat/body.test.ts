import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { writtenIn } from '../../src/chat/body.js';

const bot = 'bot@example.org';
const read = (body: string, ...more: Element[]) =>
  writtenIn(xml('message', {}, xml('body', {}, body), ...more), bot);
const fallback = (of: string, ...ranges: readonly (readonly [number, number])[]) =>
  xml(
    'fallback',
    { xmlns: 'urn:xmpp:fallback:0', for: of },
    ...ranges.map(([start, end]) => xml('body', { start: `${start}`, end: `${end}` })),
  );
const reply = 'urn:xmpp:reply:0';

describe('the text of a message', () => {
  it('is without the fallback of a reply (XEP-0428, XEP-0461), counted in code points', () => {
    const quote = '> Scheduled heavy job... 🏋️\n';
    expect(read(`${quote}cancel 7`, fallback(reply, [0, [...quote].length]))).toBe('cancel 7');
    expect(read('lift 5 (sent from 📱)', fallback('other', [6, 21]))).toBe('lift 5');
    const old = xml('fallback', { xmlns: 'urn:xmpp:feature-fallback:0' });
    expect(read('> lift\n', old)).toBe('');
  });

  it('is empty where all of it is a fallback', () => {
    expect(read('lift', fallback('urn:xmpp:reactions:0'))).toBe('');
    expect(read('lift', fallback('x', [0, 4]))).toBe('');
  });

  it('survives ranges that make no sense', () => {
    const odd = (attrs: Record<string, string>) =>
      xml('fallback', { xmlns: 'urn:xmpp:fallback:0' }, xml('body', attrs));
    for (const attrs of [{ start: '4', end: '2' }, { start: 'a', end: '1e9' }, {}])
      expect(read('lift', odd(attrs))).toBe('');
    expect(read('lift', odd({ start: '90', end: '99' }))).toBe('lift');
  });

  it('is without quoted lines in front (XEP-0393), unless there is nothing else', () => {
    expect(read('> Done lifting\n> #7\nlift 5')).toBe('lift 5');
    expect(read('> only this')).toBe('> only this');
    expect(read('say a\n> b')).toBe('say a\n> b');
  });

  it('is what stands in marks of styling (XEP-0393), if all of it does', () => {
    expect(read('`lift 5`')).toBe('lift 5');
    expect(read('*lift 5*')).toBe('lift 5');
    expect(read('```\nlift 5\n```')).toBe('lift 5');
    expect(read('say `a` and `b`')).toBe('say `a` and `b`');
    expect(read('`a` `b`')).toBe('`a` `b`');
    expect(read('`lift`', xml('unstyled', { xmlns: 'urn:xmpp:styling:0' }))).toBe('`lift`');
  });

  it("is without the bot's own name in front (XEP-0372)", () => {
    const mention = (uri: string) =>
      xml('reference', {
        ...{ xmlns: 'urn:xmpp:reference:0', type: 'mention', begin: '0', end: '3', uri },
      });
    expect(read('bot: lift 5', mention('xmpp:bot@example.org'))).toBe('lift 5');
    expect(read('ada: lift 5', mention('xmpp:ada@example.org'))).toBe('ada: lift 5');
  });

  it('is done with any text at once', () => {
    const began = performance.now();
    for (const text of ['> \n'.repeat(50_000), `\`${'`a'.repeat(50_000)}`, ' '.repeat(200_000)])
      read(`${text}x`);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
