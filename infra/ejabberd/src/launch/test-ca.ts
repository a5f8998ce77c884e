import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.js';

/** A certificate authority for tests: nobody trusts it who is not told to. */
export interface TestCa {
  /** Its certificate, PEM: what a client is to trust. */
  readonly certificate: string;
  /**
   * Issues a server certificate.
   *
   * @param names DNS names and IP addresses it is valid for.
   * @returns private key and certificate in one PEM text, as servers take it.
   */
  issue(names: readonly string[]): Promise<string>;
}

/** Makes an authority with a fresh key. Needs `openssl`; leaves no file behind. */
export async function makeTestCa(): Promise<TestCa> {
  const ca = await withFolder(async (dir) => {
    const subject = ['-subj', '/CN=heavylift test authority', '-days', '30'];
    const paths = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...subject, ...paths]);
    return readPair(dir);
  });
  return {
    certificate: ca.certificate,
    issue: (names) =>
      withFolder(async (dir) => {
        const [first = 'localhost'] = names;
        await writeFile(join(dir, 'ca.pem'), ca.key + ca.certificate, { mode: 0o600 });
        await writeFile(
          join(dir, 'extensions'),
          `subjectAltName=${names.map(altName).join(',')}\n`,
        );
        const paths = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'request.pem')];
        await run('openssl', ['req', ...NEW_KEY, '-subj', `/CN=${first}`, ...paths]);
        await run('openssl', [
          ...['x509', '-req', '-in', join(dir, 'request.pem'), '-out', join(dir, 'cert.pem')],
          ...['-CA', join(dir, 'ca.pem'), '-set_serial', String(Date.now()), '-days', '30'],
          ...['-extfile', join(dir, 'extensions')],
        ]);
        const { key, certificate } = await readPair(dir);
        return key + certificate;
      }),
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch'];

const altName = (name: string): string => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`);

const readPair = async (dir: string): Promise<{ key: string; certificate: string }> => ({
  key: await readFile(join(dir, 'key.pem'), 'utf8'),
  certificate: await readFile(join(dir, 'cert.pem'), 'utf8'),
});

async function withFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'heavylift-ca-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
