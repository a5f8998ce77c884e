import { XmppError } from '../errors.js';
import type { TlsOptions } from './types.js';

/** The name or address can only mean this machine: 127.0.0.0/8, ::1, localhost (RFC 6761 section 6.3). */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(bare);
}

export interface StreamSecurity {
  /** Already encrypted. */
  readonly secure: boolean;
  /** The other end of the connection is on this machine. */
  readonly loopback: boolean;
  readonly startTls: 'required' | 'offered' | 'missing';
}

/**
 * Decides before any credential is sent.
 * Plaintext that was allowed on loopback is used, so that a local server needs no certificate, unless the server insists or an authority was named.
 * @throws XmppError `tls-required`
 */
export function encryptionStep(
  { secure, loopback, startTls }: StreamSecurity,
  tls: TlsOptions,
): 'go-on' | 'start-tls' {
  if (secure) return 'go-on';
  const onLoopback = loopback && tls.allowPlaintextOnLoopback === true;
  if (startTls === 'required') return 'start-tls';
  if (startTls === 'offered' && (!onLoopback || tls.ca !== undefined)) return 'start-tls';
  if (onLoopback || tls.allowPlaintextToAnyHostDangerously === true) return 'go-on';
  throw new XmppError(
    'tls-required',
    tls.allowPlaintextOnLoopback === true
      ? 'The server offers no TLS, and is not on this machine: allowPlaintextOnLoopback does not apply, and no credentials were sent'
      : 'The server offers no TLS, so no credentials were sent: enable TLS on the server, or allow plaintext if it is on this machine (tls.allowPlaintextOnLoopback)',
  );
}
