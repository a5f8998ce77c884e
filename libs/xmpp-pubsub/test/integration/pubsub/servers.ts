import { type Line, openLine, type PrivateServer, startEjabberd } from '@heavylift/ejabberd';
import { startProsody } from '@heavylift/prosody';
import xml from '@xmpp/xml';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  connectPubSub,
  createSession,
  hasCondition,
  type PubSubService,
  type Session,
  type SessionOptions,
} from '../../../src/index.js';
import { type DeviationId, deviations, type ServerName } from './deviations.js';

const starts: Readonly<Record<ServerName, () => Promise<PrivateServer>>> = {
  ejabberd: () => startEjabberd({ nodeCreators: 'all' }),
  Prosody: () => startProsody({ nodeCreators: 'all' }),
};

/** An account that is online, and the pubsub service as it sees it. */
export interface Entity {
  readonly session: Session;
  readonly service: PubSubService;
  readonly bareJid: string;
}

export interface TestServer {
  readonly name: ServerName;
  readonly domain: string;
  readonly pubsub: string;
  /** Logs in to an account, made if need be, and says that it is available. */
  entity(username: string): Promise<Entity>;
  /** Such an account over a network that can be cut, so that a new stream has to be made. */
  fragileEntity(username: string): Promise<Entity & { cut(): void }>;
  /** Makes an account, for a test that logs in by itself. */
  account(username: string): Promise<SessionOptions>;
  /** A name that no other test uses. */
  nodeName(): string;
  /**
   * Runs a test where the server is said to conform. Where it is said to be refused instead, the same test has to fail with that
   * condition; where something else is said to happen, `otherwise` shows that. So a deviation that is cured shows up, too.
   */
  check(
    id: DeviationId,
    conforming: () => Promise<unknown>,
    otherwise?: () => Promise<unknown>,
  ): Promise<void>;
}

/** The same tests against each server. */
export function describeServers(title: string, tests: (server: TestServer) => void): void {
  describe.each(['ejabberd', 'Prosody'] as const)(`%s: ${title}`, (name) => {
    let server: PrivateServer | undefined;
    const sessions: Session[] = [];
    const lines: Line[] = [];
    let names = 0;

    const running = () => {
      if (server === undefined) throw new Error(`${name} is not running`);
      return server;
    };

    const account = async (username: string): Promise<SessionOptions> => {
      const { service, domain, register } = running();
      const password = 'secret';
      await register(username, password);
      return { service, domain, username, password, tls: { allowPlaintextOnLoopback: true } };
    };

    const logIn = async (username: string, at: string): Promise<Entity> => {
      const session = createSession({
        ...(await account(username)),
        service: at,
        streamManagement: false,
        backoff: { initialMs: 20, maxMs: 100 },
      });
      sessions.push(session);
      // Events come to those who are available. Before anybody re-reads: what is published in between would be lost.
      const available = new Promise<void>((resolve, reject) => {
        session.on('online', () => {
          session.send(xml('presence')).then(resolve, reject);
        });
      });
      const jid = await session.start();
      await available;
      return {
        session,
        service: connectPubSub(session, { jid: running().pubsub }),
        bareJid: jid.bare,
      };
    };

    beforeAll(async () => {
      server = await starts[name]();
    });

    afterAll(async () => {
      await Promise.all(sessions.map((session) => session.stop()));
      await Promise.all(lines.map((line) => line.close()));
      await server?.stop();
    });

    tests({
      name,
      get domain() {
        return running().domain;
      },
      get pubsub() {
        return running().pubsub;
      },
      nodeName: () => `node-${++names}`,
      account,
      entity: (username) => logIn(username, running().service),
      async fragileEntity(username) {
        const line = await openLine(running().service);
        lines.push(line);
        const entity = await logIn(username, line.service);
        return { ...entity, cut: line.cut };
      },
      async check(id, conforming, otherwise) {
        const deviation = deviations[id].servers[name];
        if (deviation === undefined) {
          await conforming();
        } else if (deviation.refusal !== undefined) {
          const error = await failure(conforming);
          expect(error, `${name} no longer deviates in ${id}`).toBeDefined();
          expect(hasCondition(error, deviation.refusal), `unlike the table: ${error}`).toBe(true);
        } else {
          if (otherwise === undefined)
            throw new Error(`${id} needs a test of what happens instead`);
          await otherwise();
        }
      },
    });
  });
}

/** Expects a stanza error with the condition; another one is thrown as it is. */
export async function refusal(
  act: () => Promise<unknown>,
  condition: string,
  pubsubCondition?: string,
): Promise<void> {
  const error = await failure(act);
  expect(error, `not refused with ${condition}`).toBeDefined();
  if (!hasCondition(error, condition)) throw error;
  if (pubsubCondition !== undefined && !hasCondition(error, pubsubCondition)) throw error;
}

async function failure(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error;
  }
}
