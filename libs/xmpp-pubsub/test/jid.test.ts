import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountOf, parseJid, readJid, toBareJid } from '../src/jid.js';

describe('a JID that the server stamped', () => {
  it.each([
    ['ada@example.org/phone', 'ada', 'example.org', 'phone', 'ada@example.org'],
    ['ada@example.org', 'ada', 'example.org', undefined, 'ada@example.org'],
    ['example.org/echo@work/1', undefined, 'example.org', 'echo@work/1', 'example.org'],
    ['pubsub.example.org', undefined, 'pubsub.example.org', undefined, 'pubsub.example.org'],
  ])('%s has its parts', (text, local, domain, resource, bare) => {
    expect(parseJid(text)).toMatchObject({ local, domain, resource, bare });
    expect(String(parseJid(text))).toBe(text);
    expect(accountOf(text)).toBe(bare);
  });

  it.each([
    '',
    '@example.org',
    'ada@',
    'ada@example.org/',
    'a@b@c',
    '/x',
    'a@b/'.padEnd(4000, 'x'),
  ])('%j is none', (text) => {
    expect(() => parseJid(text)).toThrow(/is no JID|3071 bytes/);
    expect(readJid(text)).toBeUndefined();
  });

  it('is compared as it was stamped: user a\\b is not user a\\5cb, whatever XEP-0106 makes of them', () => {
    expect(parseJid('a\\b@x').bare).not.toBe(parseJid('a\\5cb@x').bare);
    expect(String(parseJid('a\\b@x/1'))).toBe('a\\b@x/1');
    // A letter that servers of Unicode 3.2 do not fold: two accounts there, two accounts here.
    expect(parseJid('\ua640@x').bare).not.toBe(parseJid('\ua641@x').bare);
  });

  it('two of them are one account only if the server wrote one and the same', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    const part = text.filter((value) => !/[@/]/.test(value));
    fc.assert(
      fc.property(part, part, part, text, (one, other, domain, resource) => {
        const bare = parseJid(`${one}@${domain}/${resource}`).bare;
        expect(bare === parseJid(`${other}@${domain}`).bare).toBe(one === other);
      }),
    );
  });
});

describe('a JID in a configuration', () => {
  it.each([
    ['Bot@LocalHost', 'bot@localhost'],
    [' bot@localhost ', 'bot@localhost'],
    ['Bot@Example.ORG.', 'bot@example.org'],
    ['Straße@example.org', 'strasse@example.org'],
    ['ΟΔΟΣ@example.org', 'οδοσ@example.org'],
    ['οδος@example.org', 'οδοσ@example.org'],
    ['ｂｏｔ@example.org', 'bot@example.org'],
    ['b\u00adot@example.org', 'bot@example.org'],
    ['a\\b@example.org', 'a\\b@example.org'],
    ['Pubsub.Example.org', 'pubsub.example.org'],
  ])('%s is meant as %s, which is what servers stamp', (configured, stamped) => {
    expect(toBareJid(configured)).toBe(stamped);
    expect(toBareJid(stamped)).toBe(stamped);
  });

  it('has no resource', () => {
    expect(() => toBareJid('bot@localhost/x')).toThrow('has a resource');
  });
});
