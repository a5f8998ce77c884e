import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEjabberd } from '@heavylift/ejabberd';
import { provision } from '@heavylift/provision';
import { openLine, startCrew } from '@heavylift/testbed';
import { createSession, type Session, type SessionOptions } from '@heavylift/xmpp-pubsub';
import { connectJobs, isJobClientError, type Jobs } from '../../src/index.js';

const tls = { allowPlaintextOnLoopback: true };
export const patience = { timeout: 30_000, interval: 20 };

/** `ray` may read the results, the others may not. */
const users = [
  { username: 'you', administrator: true },
  { username: 'ann' },
  { username: 'ray' },
  { username: 'mallory' },
];

export interface SystemOptions {
  readonly dispatchers?: number;
  readonly resultsAccess?: 'whitelist' | 'authorize' | 'open';
  /** A policy file (docs/policy.md). */
  readonly policy?: string;
  /** @default so many that no test meets the limit */
  readonly messagesPerSecond?: number;
}

/** A private server with real services, each a process of its own. */
export async function startSystem({
  dispatchers = 1,
  resultsAccess = 'whitelist',
  policy = 'rules: []',
  messagesPerSecond = 1_000,
}: SystemOptions = {}) {
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const server = await startEjabberd();
    ends.push(server.stop);
    const provisioned = await provision({
      service: server.service,
      domain: server.domain,
      admin: server.admin,
      pubsubJid: server.pubsub,
      tls,
      lifters: 2,
      extraUsers: users,
      readers: [`ray@${server.domain}`],
      resultsAccess,
    });
    const logs = await mkdtemp(join(tmpdir(), 'heavylift-job-client-'));
    ends.push(() => rm(logs, { recursive: true, force: true }));
    const policyFile = join(logs, 'policy.yaml');
    await writeFile(policyFile, policy);
    const crew = await startCrew({
      provisioned,
      dispatchers,
      notifiers: 1,
      lifters: 2,
      slots: 4,
      logs,
      env: (role) => ({
        LOG_LEVEL: 'warn',
        ...(role === 'dispatcher'
          ? {
              DISPATCHER_MESSAGES_PER_SECOND: String(messagesPerSecond),
              DISPATCHER_POLICY: policyFile,
            }
          : {}),
        ...(role === 'lifter'
          ? { LIFTER_HANDLERS: fileURLToPath(new URL('./handlers.mjs', import.meta.url)) }
          : {}),
      }),
    });
    ends.push(crew.stop);

    const account = (username: string): SessionOptions => {
      const found = provisioned.accounts.users.find((user) => user.username === username);
      if (found === undefined) throw new Error(`no user ${username}`);
      const { service, domain } = server;
      const backoff = { initialMs: 20, maxMs: 500 };
      return { service, domain, username, password: found.password, tls, backoff };
    };
    const { bot } = provisioned.accounts;

    async function connect(username: string, more: Partial<SessionOptions> = {}): Promise<Jobs> {
      const jobs = await connectJobs({
        session: { ...account(username), ...more },
        bot: bot.jid,
        pubsubJid: server.pubsub,
      });
      ends.push(jobs.close);
      return jobs;
    }

    async function login(username: string): Promise<Session> {
      const session = createSession(account(username));
      ends.push(session.stop);
      await session.start();
      return session;
    }

    return {
      server,
      provisioned,
      crew,
      bot: bot.jid,
      account,
      connect,
      login,
      /** A way to the server that can be cut. */
      async line() {
        const line = await openLine(server.service);
        ends.push(line.close);
        return line;
      },
      /** Resolves when lifters are known and jobs run. */
      async ready(): Promise<void> {
        const jobs = await connect('ann');
        for (;;) {
          try {
            await jobs.submit('add', { a: 1 });
            break;
          } catch (error) {
            // No lifter has said yet what it can do.
            const isEarly = isJobClientError(error) && error.condition === 'item-not-found';
            if (!isEarly) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
        await jobs.close();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type System = Awaited<ReturnType<typeof startSystem>>;
