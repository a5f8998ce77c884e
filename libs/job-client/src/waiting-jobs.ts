import { decodeJobMarks, type JobMark, type JobResult } from '@heavylift/jobs';
import {
  type BareJid,
  type Item,
  readJid,
  type Session,
  type SessionLog,
} from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { LRUCache } from 'lru-cache';
import type { Commands } from './commands.js';
import { isJobClientError } from './errors.js';
import type { OpenHandle } from './handle.js';
import {
  forgotten,
  type Outcome,
  outcomeIn,
  outcomeMarked,
  outcomeOf,
  outcomeTold,
} from './outcomes.js';
import { isNoAccess, type ResultsNode, resultsIn } from './results.js';
import type { AcceptedJob } from './types.js';
import { pause } from './waiting.js';

/** What came before the answer to whoever asked for the job. */
const mostUnclaimed = 2_000;
/** Time for a result that the bot has told of to come from the node. */
const resultPatienceMs = 2_000;
/** Between two questions about a job that the bot has told of and the dispatcher has not heard of. */
const askAgainMs = 500;

interface Waiting {
  readonly job: AcceptedJob;
  readonly handles: Set<OpenHandle>;
  told?: Told;
  isAsked: boolean;
}

/** What the bot's message said. */
interface Told {
  readonly state: JobMark['state'];
  readonly text: string;
  readonly outcome?: JobMark['outcome'];
}

export interface WaitingJobs {
  /** @param mayBeOver the job may have ended before */
  add(handle: OpenHandle, job: AcceptedJob, mayBeOver: boolean): void;
  /** Gives a handle up. */
  drop(handle: OpenHandle): void;
  stop(): Promise<void>;
}

/**
 * Finds out how accepted jobs end. The bot tells by a message; a value that is too long for it is in the node of results, for its readers,
 * and in the bot's answer to `status`, for whoever asked for the job. Messages may be lost with a broken stream, so after one all that is
 * open is asked for.
 */
export function createWaitingJobs(ports: {
  readonly session: Session;
  readonly bot: BareJid;
  readonly commands: Commands;
  readonly results: ResultsNode;
  readonly over: AbortSignal;
  readonly log?: SessionLog;
}): WaitingJobs {
  const { session, bot, commands, results, over, log } = ports;
  const jobs = new Map<string, Waiting>();
  const toldBefore = new LRUCache<string, Told>({ max: mostUnclaimed });
  const resultBefore = new LRUCache<string, JobResult>({ max: mostUnclaimed });
  let reader: Promise<Reader | undefined> | undefined;

  function settle({ job, handles }: Waiting, outcome: Outcome): void {
    jobs.delete(job.id);
    for (const handle of handles) {
      if ('value' in outcome) handle.succeed(outcome.value);
      else handle.fail(outcome.error);
    }
  }

  function onResults(found: readonly JobResult[]): void {
    for (const result of found) {
      // The first one counts.
      if (!resultBefore.has(result.job)) resultBefore.set(result.job, result);
      const waiting = jobs.get(result.job);
      if (waiting !== undefined) onResult(waiting, result);
    }
  }

  /**
   * The node has the value; that the job has ended, and how, is the bot's to say: it knows which lifter had the job, and from here any of
   * them could end it.
   */
  function onResult(waiting: Waiting, result: JobResult): void {
    if (waiting.told?.state === result.status) settle(waiting, outcomeOf(result));
  }

  function onMessage(stanza: Element): void {
    const from = readJid(stanza.attrs['from'])?.bare;
    if (!stanza.is('message') || from !== bot || stanza.attrs['type'] === 'error') return;
    const text = stanza.getChildText('body') ?? '';
    for (const mark of decodeJobMarks(stanza)) onMark(mark, text);
  }

  function onMark({ id, state, outcome }: JobMark, text: string): void {
    if (state === 'scheduled') return;
    const waiting = jobs.get(id);
    if (state === 'progress') {
      for (const handle of waiting?.handles ?? []) handle.say(text);
      return;
    }
    const told = { state, text, ...(outcome !== undefined && { outcome }) };
    if (waiting === undefined) toldBefore.set(id, told);
    else onTold(waiting, told);
  }

  function onTold(waiting: Waiting, told: Told): void {
    const { job } = waiting;
    waiting.told = told;
    const result = resultBefore.get(job.id);
    if (told.outcome !== undefined) settle(waiting, outcomeMarked(told.outcome, job));
    else if (result?.status === told.state) settle(waiting, outcomeOf(result));
    else if (told.state === 'succeeded' || told.state === 'failed') find(waiting);
    else settle(waiting, outcomeTold(told.state, told.text, job));
  }

  /** Asks how the job ended, in the background. */
  function find(waiting: Waiting): void {
    if (waiting.isAsked) return;
    waiting.isAsked = true;
    ask(waiting)
      .catch((error: unknown) => {
        if (!over.aborted) log?.warn({ error, job: waiting.job.id }, 'could not ask about a job');
      })
      .finally(() => {
        waiting.isAsked = false;
      });
  }

  const isOpen = ({ job }: Waiting): boolean => jobs.has(job.id);

  async function ask(waiting: Waiting): Promise<void> {
    const reading = await startReader();
    if (reading !== undefined && isOpen(waiting)) {
      if (waiting.told === undefined) await reading.refresh();
      else await pause(resultPatienceMs, over);
    }
    await askBot(waiting);
  }

  /** Once; or, if the bot has told of the outcome, until the dispatcher has heard of it, too. */
  async function askBot(waiting: Waiting): Promise<void> {
    while (isOpen(waiting)) {
      const outcome = await statusOf(waiting);
      if (outcome !== undefined && isOpen(waiting)) settle(waiting, outcome);
      if (waiting.told === undefined) return;
      await pause(askAgainMs, over);
    }
  }

  async function statusOf({ job, told }: Waiting): Promise<Outcome | undefined> {
    try {
      const answer = await commands.give('status', { job: String(job.number) }, over);
      return outcomeIn(answer, job);
    } catch (error) {
      if (!isJobClientError(error, 'refused')) throw error;
      if (told !== undefined) return outcomeTold(told.state, told.text, job);
      // If we may not ask, there is still the message to come.
      if (error.condition !== 'item-not-found') return undefined;
      const result = resultBefore.get(job.id);
      return result === undefined ? forgotten(job) : outcomeOf(result);
    }
  }

  /** One after the other: those that submit go first. */
  async function askForAll(): Promise<void> {
    const asked = [...jobs.values()];
    if (asked.length > 0) await (await startReader())?.refresh();
    for (const waiting of asked) if (!waiting.isAsked) await askBot(waiting);
  }

  /** Follows the node of results, if we may. */
  function startReader(): Promise<Reader | undefined> {
    reader ??= openReader(results, (items) => onResults(resultsIn(items, bot)), over);
    return reader;
  }

  const unlisteners = [
    session.on('stanza', onMessage),
    session.on('online', ({ resumed }) => {
      if (resumed) return;
      askForAll().catch((error: unknown) => {
        if (!over.aborted) log?.warn({ error }, 'could not ask about open jobs');
      });
    }),
  ];

  return {
    add(handle, job, mayBeOver) {
      const waiting = jobs.get(job.id) ?? { job, handles: new Set(), isAsked: false };
      waiting.handles.add(handle);
      jobs.set(job.id, waiting);
      const told = toldBefore.get(job.id);
      if (told !== undefined) onTold(waiting, told);
      else if (mayBeOver) find(waiting);
    },
    drop(handle) {
      for (const [id, { handles }] of jobs) {
        if (handles.delete(handle) && handles.size === 0) jobs.delete(id);
      }
    },
    async stop() {
      for (const unlisten of unlisteners) unlisten();
      await (await reader?.catch(() => undefined))?.stop();
    },
  };
}

interface Reader {
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined for an account that is no reader. Nothing is subscribed to then: that might bother an owner with a request. */
async function openReader(
  node: ResultsNode,
  onItems: (items: readonly Item<readonly JobResult[]>[]) => void,
  over: AbortSignal,
): Promise<Reader | undefined> {
  for (;;) {
    try {
      await node.items({ max: 1, signal: over });
      break;
    } catch (error) {
      over.throwIfAborted();
      if (isNoAccess(error)) return undefined;
      await pause(askAgainMs, over);
    }
  }
  const replica = node.replicate(
    {
      reset: onItems,
      event(event) {
        if (event.type === 'published') onItems(event.items);
      },
    },
    { subscribe: true },
  );
  await replica.ready;
  return replica;
}
