import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FoundServer, findServer, STATE_DIR } from '@heavylift/ejabberd';
import { type Provisioned, provision } from '@heavylift/provision';
import { unlessAborted } from './aborted.js';
import type { DemoOptions } from './args.js';
import { type ChatClient, createChatClient } from './chat-client.js';
import { DemoError } from './errors.js';
import { openRunLog } from './run-log.js';
import type { ServiceProcess } from './service-process.js';
import { createServices } from './services.js';
import type { Stopwatch } from './stopwatch.js';
import type { Teardown } from './teardown.js';

/** Time for the services to become ready, in milliseconds. */
const readyTimeoutMs = 30_000;

/** Time for a server to be reached, in milliseconds. One of our own is up by then. */
const serverTimeoutMs = 10_000;

/** How long stopping waits for a server that is being fetched or started, in milliseconds. */
const openingPatienceMs = 20_000;

/** The account that the person at the prompt chats as. */
const user = { username: 'you', administrator: true };

export interface BringUpOptions {
  readonly demo: DemoOptions;
  readonly stopwatch: Stopwatch;
  /** Ends everything that was started, also if bringing up fails half-way. */
  readonly teardown: Teardown;
  /** Breaks it off. */
  readonly signal: AbortSignal;
  /** Told what happens, in lines for people. */
  readonly note: (line: string) => void;
  /** Told the log's path as soon as there is one. */
  readonly onLog: (path: string) => void;
  /** Told each service as soon as it has been started. */
  readonly onService: (service: ServiceProcess) => void;
}

/** Everything runs. */
export interface BroughtUp {
  /** The user's chat with the bot. */
  readonly chat: ChatClient;
  /** The server is a process of ours, which will not come back if it ends. */
  readonly ownServer: boolean;
}

/** Starts server and services, and logs the user in. */
export async function bringUp(options: BringUpOptions): Promise<BroughtUp> {
  const { demo, stopwatch, teardown, signal, note } = options;
  const log = await openRunLog(join(STATE_DIR, 'logs'));
  teardown.add('the log', () => log.close());
  options.onLog(log.path);

  const opening = findServer({ keep: demo.keep, log: note });
  teardown.add('the server', () => stopServer(opening));
  const server = await stopwatch.time('server', () => unlessAborted(opening, signal));

  const provisioned = await stopwatch.time('accounts and nodes', () =>
    provision({
      ...server,
      pubsubJid: server.pubsub,
      // Where there is no TLS the services may do without on this machine, and nowhere else.
      tls: { allowPlaintextOnLoopback: true },
      lifters: demo.lifters,
      extraUsers: [user],
      timeoutMs: serverTimeoutMs,
      signal,
      log: (line) => log.write('provision', line),
    }),
  );

  const services = createServices(log);
  teardown.add('the services', () => services.stop());
  return stopwatch.time('services', async () => {
    await services.start(provisioned, options.onService);
    const [chat] = await Promise.all([
      openChat(provisioned, teardown, signal),
      unlessAborted(services.ready(readyTimeoutMs), signal),
    ]);
    // A lifter is ready before the dispatcher has heard of it: a job given in between would wait, and be said to.
    await liftersHeardOf(chat, demo.lifters, signal);
    return { chat, ownServer: server.kind !== 'external' };
  });
}

async function liftersHeardOf(chat: ChatClient, count: number, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(readyTimeoutMs);
  try {
    await unlessAborted(chat.lifters(count), AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted || !timeout.aborted) throw error;
    const seconds = readyTimeoutMs / 1000;
    throw new DemoError(`The dispatcher has not heard of all lifters after ${seconds} s.`);
  }
}

/** One that is still being started is waited for, unless it takes too long: it ends with us anyway. */
async function stopServer(opening: Promise<FoundServer>): Promise<void> {
  const stopped = opening.then(
    (server) => server.stop(),
    () => undefined, // it never came up, which has been said
  );
  await Promise.race([stopped, sleep(openingPatienceMs, undefined, { ref: false })]);
}

async function openChat(
  { service, domain, accounts }: Provisioned,
  teardown: Teardown,
  signal: AbortSignal,
): Promise<ChatClient> {
  const [you] = accounts.users;
  if (you === undefined) throw new DemoError('There is no account to chat with.');
  const { username, password } = you;
  const chat = createChatClient(
    { service, domain, username, password, tls: { allowPlaintextOnLoopback: true } },
    accounts.bot.jid,
  );
  teardown.add('the chat', () => chat.session.stop());
  await chat.session.start({ signal });
  return chat;
}
