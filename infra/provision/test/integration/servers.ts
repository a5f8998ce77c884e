import { type PrivateServer, startEjabberd } from '@heavylift/ejabberd';
import { findProsody, startProsody } from '@heavylift/prosody';
import {
  connectPubSub,
  createSession,
  type PubSubService,
  type Session,
} from '@heavylift/xmpp-pubsub';
import { afterAll, beforeAll, describe } from 'vitest';
import type { ProvisionOptions } from '../../src/index.js';

/** A server that provisioning is known to work with, and how to start one; no way where there is none. */
interface Candidate {
  readonly name: string;
  readonly start: (() => Promise<PrivateServer>) | undefined;
}

const prosody = await findProsody();

const candidates: readonly Candidate[] = [
  { name: 'ejabberd', start: () => startEjabberd() },
  {
    name: prosody === undefined ? 'Prosody (SKIPPED: there is none on this machine)' : 'Prosody',
    start: prosody === undefined ? undefined : () => startProsody({ installation: prosody }),
  },
];

export const tls = { allowPlaintextOnLoopback: true };

/** A server of the tests' own, from when they run on. */
export interface Site {
  readonly server: PrivateServer;
  /** Two lifters, an administrator and a reader. */
  readonly options: ProvisionOptions;
  logIn(username: string, password: string): Promise<Session>;
  pubsubAs(account: { username: string; password: string }): Promise<PubSubService>;
}

/** Says the same tests of each server. */
export function onEachServer(what: string, tests: (on: Site) => void): void {
  for (const { name, start } of candidates) {
    describe.skipIf(start === undefined)(`${what} on ${name}`, () => {
      let started: PrivateServer | undefined;
      const sessions: Session[] = [];
      const on: Site = {
        get server() {
          if (started === undefined) throw new Error(`${name} is not started yet`);
          return started;
        },
        get options() {
          const { service, domain, admin, pubsub } = on.server;
          return {
            service,
            domain,
            admin,
            tls,
            pubsubJid: pubsub,
            lifters: 2,
            extraUsers: [{ username: 'you', administrator: true }, { username: 'app' }],
            readers: ['app@localhost'],
          };
        },
        async logIn(username, password) {
          const { service, domain } = on.server;
          const session = createSession({ service, domain, username, password, tls });
          sessions.push(session);
          await session.start();
          return session;
        },
        async pubsubAs({ username, password }) {
          return connectPubSub(await on.logIn(username, password), { jid: on.server.pubsub });
        },
      };
      beforeAll(async () => {
        started = await start?.();
      }, 300_000);
      afterAll(async () => {
        await Promise.all(sessions.map((session) => session.stop()));
        await started?.stop();
      });
      tests(on);
    });
  }
}
