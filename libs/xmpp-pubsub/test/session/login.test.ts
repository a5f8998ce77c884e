import { describe, expect, it } from 'vitest';
import {
  createSession,
  isXmppError,
  type SessionOptions,
  type XmppError,
} from '../../src/index.js';
import {
  authenticateClient,
  features,
  type LoginScene,
  logIn,
  mechanisms,
  OWN_JID,
  type Peer,
  scriptedServer,
} from './scripted-server.js';

/** Starts a session against the script, expects it to give up, and checks that it left nothing behind. */
async function refusal(
  script: (peer: Peer) => Promise<void>,
  more: Partial<SessionOptions> = {},
): Promise<XmppError> {
  await using server = await scriptedServer(script);
  const session = createSession({ ...server.options, ...more });
  const givingUp: XmppError[] = [];
  session.on('giving-up', ({ error }) => givingUp.push(error));
  const failure = await session.start().then(
    (jid) => new Error(`logged in as ${jid}`),
    (error: unknown) => error,
  );
  if (!isXmppError(failure)) throw failure;
  expect(session.status).toBe('stopped');
  expect(givingUp).toEqual([failure]);
  await expect.poll(() => server.open).toBe(0);
  expect(server.connections).toBe(1);
  return failure;
}

const STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const REQUIRED = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";

async function noCredentials(peer: Peer) {
  await peer.closed;
  expect(peer.unread).not.toContain('<auth');
}

describe('encryption (RFC 6120 section 5)', () => {
  it('sends no credentials when STARTTLS has been stripped from the features', async () => {
    const error = await refusal(
      async (peer) => {
        await peer.expect(/<stream:stream [^>]*>/);
        peer.send(features(mechanisms('PLAIN', 'SCRAM-SHA-1')));
        await noCredentials(peer);
      },
      { tls: {} },
    );
    expect(error.code).toBe('tls-required');
  });

  it('sends no credentials when the server offers STARTTLS and then refuses', async () => {
    const error = await refusal(async (peer) => {
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features(REQUIRED + mechanisms('PLAIN')));
      await peer.expect(/<starttls [^>]*\/>/);
      peer.send("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      await noCredentials(peer);
    });
    expect(error.code).toBe('tls-required');
  });

  it('believes nothing that was said in plaintext behind <proceed/>', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features(STARTTLS));
      await peer.expect(/<starttls [^>]*\/>/);
      peer.send(
        `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features>${mechanisms('PLAIN')}</stream:features>`,
      );
      await noCredentials(peer);
    });
    await using session = createSession({ ...server.options, tls: {} });
    void session.start().catch(() => undefined);
    const failed = await new Promise((resolve) => session.on('offline', resolve));
    expect(failed).toMatchObject({ error: { code: 'stream-error' } });
  });

  it('uses plaintext on loopback, where it is allowed, though STARTTLS is offered', async () => {
    await using server = await scriptedServer((peer) => logIn(peer));
    await using session = createSession(server.options);
    expect(String(await session.start())).toBe(OWN_JID);
  });

  it('refuses PLAIN on an unencrypted stream, even where plaintext is allowed', async () => {
    const error = await refusal(async (peer) => {
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features(mechanisms('PLAIN', 'DIGEST-MD5')));
      await noCredentials(peer);
    });
    expect(error.code).toBe('mechanism-refused');
    expect(error.message).toContain('PLAIN, DIGEST-MD5');
  });
});

describe('SCRAM (RFC 5802, RFC 7677)', () => {
  const scenes: LoginScene[] = [
    { mechanism: 'SCRAM-SHA-1' },
    { mechanism: 'SCRAM-SHA-256' },
    { mechanism: 'SCRAM-SHA-512' },
    { proofAsChallenge: true },
  ];
  it.each(scenes)(
    'logs in with $mechanism, proof as a challenge: $proofAsChallenge',
    async (scene) => {
      await using server = await scriptedServer((peer) => logIn(peer, scene));
      await using session = createSession(server.options);
      expect(String(await session.start())).toBe(OWN_JID);
      expect(session.status).toBe('online');
    },
  );

  it('gives up on a server that cannot sign with the password', async () => {
    const error = await refusal((peer) =>
      authenticateClient(peer, { serverPassword: 'guessed' })
        .then(() => peer.closed)
        .then(() => undefined),
    );
    expect(error.code).toBe('mechanism-refused');
  });

  it('gives up on a server that skips the proof', async () => {
    const error = await refusal(async (peer) => {
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features(mechanisms('SCRAM-SHA-256')));
      await peer.expect(/<auth .*<\/auth>/);
      peer.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
      await peer.closed;
    });
    expect(error.code).toBe('mechanism-refused');
  });

  it('gives up on wrong credentials, and does not try again', async () => {
    const error = await refusal((peer) => authenticateClient(peer), { password: 'wrong' });
    expect(error.code).toBe('authentication-failed');
    expect(error.message).toContain('not-authorized');
    expect(error.message).not.toContain('wrong');
  });

  it('tries again when the server could not check the credentials for now', async () => {
    await using server = await scriptedServer(async (peer, connection) => {
      if (connection > 1) return logIn(peer);
      await peer.expect(/<stream:stream [^>]*>/);
      peer.send(features(mechanisms('SCRAM-SHA-256')));
      await peer.expect(/<auth .*<\/auth>/);
      peer.send(
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/></failure>",
      );
    });
    await using session = createSession(server.options);
    expect(String(await session.start())).toBe(OWN_JID);
  });
});
