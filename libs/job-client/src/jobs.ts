import { defaultNodePrefix, nodeName, type Order, resultsCodec } from '@heavylift/jobs';
import {
  type BareJid,
  connectPubSub,
  createSession,
  parseJid,
  readJid,
  type Session,
  toBareJid,
} from '@heavylift/xmpp-pubsub';
import { createCommands } from './commands.js';
import { watchDispatcher } from './dispatcher.js';
import { JobClientError } from './errors.js';
import { createHandle, type OpenHandle } from './handle.js';
import { checkOptions, clausesOf, fieldsOf } from './order-fields.js';
import { randomName } from './random-name.js';
import { followResults } from './results.js';
import type { JobArguments, JobHandle, Jobs, JobsOptions, SubmitOptions } from './types.js';
import { createWaitingJobs } from './waiting-jobs.js';

/**
 * Connects to a system. With options of a session it logs in, and resolves when it is online; with a session of yours at once, which is
 * best given before it is started.
 * @throws JobClientError `invalid-option`
 * @throws XmppError as of `Session.start`
 */
export async function connectJobs(options: JobsOptions): Promise<Jobs> {
  const { nodePrefix = defaultNodePrefix } = options;
  const { bot, domain } = botOf(options);
  const { pubsubJid = `pubsub.${domain}` } = options;
  const log = options.log === undefined ? {} : { log: options.log };
  const ending = new AbortController();
  const over = ending.signal;
  /** Of each job that is waited for: ends the waiting. */
  const unsettled = new Set<(reason: unknown) => void>();

  const isTheirs = 'start' in options.session;
  // Answers come to a full JID: it stays the same over breaks.
  const session: Session =
    'start' in options.session
      ? options.session
      : createSession({ resource: `jobs-${randomName()}`, ...options.session });
  const dispatcher = watchDispatcher({
    session,
    bot,
    sendsPresence: !isTheirs,
    refused: new JobClientError('refused', `${bot} does not serve this account`, {
      condition: 'forbidden',
    }),
    ...log,
  });
  const commands = createCommands(session, dispatcher);
  const pubsub = connectPubSub(session, { jid: pubsubJid, ...log });
  const results = pubsub.node(nodeName('results', nodePrefix), resultsCodec);
  const waiting = createWaitingJobs({ session, bot, commands, results, over, ...log });
  const unlisten = session.on('giving-up', ({ error }) =>
    end(new JobClientError('closed', `the session gave up: ${error.message}`, { cause: error })),
  );

  function end(reason: JobClientError): void {
    ending.abort(reason);
    for (const giveUp of unsettled) giveUp(reason);
  }

  async function close(): Promise<void> {
    end(new JobClientError('closed', 'the client was closed'));
    unlisten();
    dispatcher.stop();
    await waiting.stop();
    if (!isTheirs) await session.stop();
  }

  function submit(name: string, args: JobArguments = {}, given: SubmitOptions = {}): JobHandle {
    checkOptions(given);
    const { submission = randomName(), signal } = given;
    const order = {
      command: name,
      submission,
      fields: { ...fieldsOf(args), ...clausesOf(given) },
    };
    const open = createHandle(submission, ({ number }) => cancel(number));
    const waits = new AbortController();
    const giveUp = (reason: unknown): void => {
      waits.abort(reason);
      waiting.drop(open);
      open.fail(reason);
    };
    const abort = (): void => giveUp(aborted(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    unsettled.add(giveUp);
    const detach = (): void => {
      unsettled.delete(giveUp);
      signal?.removeEventListener('abort', abort);
    };
    open.handle.then(detach, detach);
    if (signal?.aborted === true) abort();
    else if (over.aborted) giveUp(over.reason);
    else run(order, open, given.submission !== undefined, waits.signal).catch(open.fail);
    return open.handle;
  }

  async function run(
    order: Order,
    open: OpenHandle,
    isNamed: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { attempts, ...job } = await commands.order(order, signal);
    open.accept(job);
    if (!open.isSettled) waiting.add(open, job, isNamed || attempts > 1);
  }

  async function cancel(number: number): Promise<void> {
    try {
      await commands.give('cancel', { job: String(number) }, over);
    } catch (error) {
      // One that is over and forgotten need not be cancelled.
      if (error instanceof JobClientError && error.condition === 'item-not-found') return;
      throw error;
    }
  }

  const jobs: Jobs = {
    session,
    submit,
    results: (asked = {}) => followResults(results, bot, asked, over),
    close,
    [Symbol.asyncDispose]: close,
  };
  if (isTheirs) return jobs;
  try {
    await session.start();
  } catch (error) {
    await close();
    throw error;
  }
  return jobs;
}

function aborted(cause: unknown): JobClientError {
  return new JobClientError('aborted', 'the waiting was aborted', { cause });
}

/** In the spelling that the server stamps on what the bot sends. */
function botOf({ bot }: JobsOptions): { readonly bot: BareJid; readonly domain: string } {
  const parsed = readJid(bot);
  if (parsed?.local === undefined || parsed.resource !== undefined || /\s/.test(bot))
    throw new JobClientError('invalid-option', `bot is a bare JID, not "${bot}"`);
  const stamped = toBareJid(bot);
  return { bot: stamped, domain: parseJid(stamped).domain };
}
