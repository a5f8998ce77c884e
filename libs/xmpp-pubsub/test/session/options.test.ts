import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSession, type SessionOptions } from '../../src/index.js';
import { readOptions } from '../../src/session/options.js';
import { encryptionStep, isLoopbackHost } from '../../src/session/tls-policy.js';

const options: SessionOptions = {
  service: 'xmpp://127.0.0.1:5222',
  domain: 'example.org',
  username: 'juliet',
  password: 'secret',
};

describe('session options', () => {
  it.each<[string, Partial<SessionOptions>]>([
    ['service', { service: 'http://example.org' }],
    ['service', { service: 'xmpp://' }],
    ['service', { service: '' }],
    ['service', { service: 'example.org:5222' }],
    ['domain', { domain: '' }],
    ['domain', { domain: 'juliet@example.org' }],
    ['username', { username: 'juliet@example.org' }],
    ['password', { password: '' }],
    ['resource', { resource: ' ' }],
    ['tls.ca', { tls: { ca: 'no PEM' } }],
    ['connectTimeoutMs', { connectTimeoutMs: 0 }],
    ['requestTimeoutMs', { requestTimeoutMs: Number.NaN }],
    ['requestTimeoutMs', { requestTimeoutMs: Number.POSITIVE_INFINITY }],
    ['ping.intervalMs', { ping: { intervalMs: -1 } }],
    ['backoff.maxMs', { backoff: { maxMs: 0 } }],
    ['streamManagement.resumeSeconds', { streamManagement: { resumeSeconds: 1.5 } }],
    ['maxInFlight', { maxInFlight: 0 }],
    ['maxStanzaBytes', { maxStanzaBytes: 2 ** 31 }],
  ])('must make sense: %s', (name, wrong) => {
    expect(() => createSession({ ...options, ...wrong })).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringContaining(`option ${name} cannot be`),
      }),
    );
  });

  it('never show the password', () => {
    const password = '';
    expect(() => createSession({ ...options, password })).toThrow('password cannot be ""');
  });

  it.each([
    ['xmpp://example.org', { kind: 'tcp', host: 'example.org', port: 5222, directTls: false }],
    ['xmpps://example.org', { kind: 'tcp', host: 'example.org', port: 5223, directTls: true }],
    ['xmpp://[::1]:5269', { kind: 'tcp', host: '::1', port: 5269, directTls: false }],
  ])('lead %s to its place', (service, target) => {
    expect(readOptions({ ...options, service }).targets).toEqual([target]);
  });

  it('take a bare domain as one to look up', () => {
    expect(readOptions({ ...options, service: 'example.org' }).lookUp).toBe('example.org');
  });

  afterEach(() => vi.unstubAllGlobals());

  it('refuse a WebSocket where the platform has none', () => {
    vi.stubGlobal('WebSocket', undefined);
    expect(() => createSession({ ...options, service: 'wss://example.org/ws' })).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringContaining('no global WebSocket'),
      }),
    );
  });
});

describe('encryption', () => {
  const plain = { secure: false, loopback: false, startTls: 'missing' } as const;
  const loopback = { ...plain, loopback: true };
  const onLoopback = { allowPlaintextOnLoopback: true };
  const dangerous = { allowPlaintextToAnyHostDangerously: true };

  it.each([
    ['an encrypted stream', { ...plain, secure: true }, {}, 'go-on'],
    ['STARTTLS offered', { ...plain, startTls: 'offered' as const }, {}, 'start-tls'],
    [
      'STARTTLS offered, whatever is allowed',
      { ...plain, startTls: 'offered' as const },
      dangerous,
      'start-tls',
    ],
    [
      'STARTTLS required on loopback',
      { ...loopback, startTls: 'required' as const },
      onLoopback,
      'start-tls',
    ],
    [
      'STARTTLS offered on loopback',
      { ...loopback, startTls: 'offered' as const },
      onLoopback,
      'go-on',
    ],
    [
      'an own authority on loopback',
      { ...loopback, startTls: 'offered' as const },
      { ...onLoopback, ca: 'PEM' },
      'start-tls',
    ],
    ['plaintext allowed on loopback', loopback, onLoopback, 'go-on'],
    ['plaintext allowed to anywhere', plain, dangerous, 'go-on'],
  ])('with %s: %o, %o: %s', (_, stream, tls, step) => {
    expect(encryptionStep(stream, tls)).toBe(step);
  });

  it.each([
    ['nothing is allowed', plain, {}],
    ['nothing is allowed, on loopback', loopback, {}],
    ['plaintext is allowed for loopback, and this is not', plain, onLoopback],
  ])('is required when %s', (_, stream, tls) => {
    expect(() => encryptionStep(stream, tls)).toThrow(
      expect.objectContaining({ code: 'tls-required' }),
    );
  });

  it.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['[::1]', true],
    ['::ffff:127.0.0.1', true],
    ['LOCALHOST', true],
    ['128.0.0.1', false],
    ['127.0.0.1.example.org', false],
    ['localhost.example.org', false],
    ['::2', false],
    ['', false],
  ])('knows that %s is this machine: %s', (host, expected) => {
    expect(isLoopbackHost(host)).toBe(expected);
  });
});
