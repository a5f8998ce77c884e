import { XmppError } from '../../errors.js';
import { fromBase64, saslPrep, toBase64, utf8 } from './text.js';

/** SCRAM mechanisms by hash, the strongest first (RFC 5802, RFC 7677, XEP-0438). */
export const SCRAM_HASHES = {
  'SCRAM-SHA-512': { hash: 'SHA-512', bits: 512 },
  'SCRAM-SHA-256': { hash: 'SHA-256', bits: 256 },
  'SCRAM-SHA-1': { hash: 'SHA-1', bits: 160 },
} as const;

export type ScramMechanism = keyof typeof SCRAM_HASHES;

/** RFC 5802 section 5.1 wants at least 4096; an upper bound keeps a hostile server from burning our CPU. */
const ITERATIONS = { least: 4_096, most: 5_000_000 };

type Bytes = ArrayBuffer | Uint8Array<ArrayBuffer>;

export interface ScramCredentials {
  readonly username: string;
  readonly password: string;
}

export interface Scram {
  readonly clientFirst: string;
  /** The answer to the server's first message. */
  clientFinal(serverFirst: string): Promise<string>;
  /**
   * The server must prove that it knows the password too.
   * @throws XmppError `mechanism-refused` if it does not
   */
  verify(serverFinal: string): void;
}

/** One SCRAM exchange on the platform's own crypto, without channel binding. */
export function startScram(
  mechanism: ScramMechanism,
  { username, password }: ScramCredentials,
  nonce: string = toBase64(globalThis.crypto.getRandomValues(new Uint8Array(18))),
): Scram {
  const { hash, bits } = SCRAM_HASHES[mechanism];
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) {
    throw refused(`${mechanism} needs WebCrypto, which a browser has on https:// pages only`);
  }
  const name = saslPrep(username).replaceAll('=', '=3D').replaceAll(',', '=2C');
  const clientFirstBare = `n=${name},r=${nonce}`;
  let expectedSignature: string | undefined;

  const hmac = async (key: Bytes, data: Bytes) => {
    const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash }, false, ['sign']);
    return new Uint8Array(await subtle.sign('HMAC', imported, data));
  };
  const saltedPassword = async (salt: Bytes, iterations: number) => {
    const key = await subtle.importKey('raw', utf8(saslPrep(password)), 'PBKDF2', false, [
      'deriveBits',
    ]);
    return subtle.deriveBits({ name: 'PBKDF2', hash, salt, iterations }, key, bits);
  };

  return {
    clientFirst: `n,,${clientFirstBare}`,

    async clientFinal(serverFirst) {
      const { combinedNonce, salt, iterations } = parseServerFirst(serverFirst);
      if (!combinedNonce.startsWith(nonce) || combinedNonce.length === nonce.length) {
        throw refused('The server did not add to our SCRAM nonce: somebody may be replaying');
      }
      const withoutProof = `c=biws,r=${combinedNonce}`;
      const authMessage = utf8(`${clientFirstBare},${serverFirst},${withoutProof}`);
      const salted = await saltedPassword(fromBase64(salt), iterations);
      const clientKey = await hmac(salted, utf8('Client Key'));
      const storedKey = await subtle.digest(hash, clientKey);
      const clientSignature = await hmac(storedKey, authMessage);
      const proof = clientKey.map((byte, at) => byte ^ (clientSignature[at] ?? 0));
      const serverKey = await hmac(salted, utf8('Server Key'));
      expectedSignature = toBase64(await hmac(serverKey, authMessage));
      return `${withoutProof},p=${toBase64(proof)}`;
    },

    verify(serverFinal) {
      const { v: signature, e: error } = fields(serverFinal);
      if (error !== undefined) throw refused(`The server ended SCRAM with: ${error}`);
      if (expectedSignature === undefined || signature !== expectedSignature) {
        throw refused(
          'The server does not know our password, though it accepted the login: it is not who it says it is',
        );
      }
    },
  };
}

function parseServerFirst(message: string) {
  const { r, s, i, m } = fields(message);
  const iterations = Number(i);
  if (m !== undefined || r === undefined || s === undefined || !Number.isInteger(iterations)) {
    throw refused('The server sent a SCRAM challenge that RFC 5802 does not know');
  }
  if (iterations < ITERATIONS.least || iterations > ITERATIONS.most) {
    throw refused(
      `The server asks for ${iterations} SCRAM iterations, accepted are ${ITERATIONS.least} to ${ITERATIONS.most}`,
    );
  }
  return { combinedNonce: r, salt: s, iterations };
}

const fields = (message: string): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));

const refused = (message: string) => new XmppError('mechanism-refused', message);
