import { inOrderOfCounting, type JobResult } from '@heavylift/jobs';
import { hasCondition, type Item, type PubSubNode, type Replica } from '@heavylift/xmpp-pubsub';
import { JobClientError } from './errors.js';
import { numberSet } from './numbers.js';
import type { PublishedResult, ResultsOptions } from './types.js';

export type ResultsNode = PubSubNode<readonly JobResult[]>;

/** True if a read was refused because of who asks (XEP-0060 section 6.5.9). */
export function isNoAccess(error: unknown): boolean {
  return hasCondition(error, 'forbidden', 'not-allowed', 'not-authorized', 'closed-node');
}

/** All results in items, in the order in which the jobs ended; of one job, the one that counts before any other. */
export function resultsIn(items: readonly Item<readonly JobResult[]>[], bot: string): JobResult[] {
  const seen = new Set<string>();
  const counting = inOrderOfCounting(items.flatMap((item) => ownResults(item, bot))).filter(
    ({ job }) => {
      const isFirst = !seen.has(job);
      seen.add(job);
      return isFirst;
    },
  );
  return counting.sort((a, b) => a.finished - b.finished);
}

/** The bot's of any job, and of any other account those that it has run itself: nobody ends a job in another's name. */
function ownResults(
  { value, publisher }: Item<readonly JobResult[]>,
  bot: string,
): readonly JobResult[] {
  const account = publisher?.bare;
  if (account === undefined || account === bot) return value;
  return value.filter(({ lifter }) => lifter?.split('/', 1)[0] === account);
}

/**
 * Each result once: a job's number is never given twice, so what has been seen is a set of numbers, which stand side by side but for
 * those of jobs that are open.
 * @param over ends the iteration with the signal's reason as its error
 */
export async function* followResults(
  node: ResultsNode,
  bot: string,
  { since, signal, maxBuffered = 10_000 }: ResultsOptions,
  over: AbortSignal,
): AsyncGenerator<PublishedResult, undefined> {
  /** Given to the consumer. */
  const given = numberSet(since);
  /** Given, or about to be. */
  const taken = numberSet(since);
  let queue: JobResult[] = [];
  let isBehind = false;
  let failure: unknown;
  let wake = (): void => undefined;

  function take(items: readonly Item<readonly JobResult[]>[]): void {
    for (const result of resultsIn(items, bot)) {
      if (taken.has(result.number)) continue;
      if (queue.length >= maxBuffered) {
        isBehind = true;
        break;
      }
      taken.add(result.number);
      queue.push(result);
    }
    wake();
  }

  const isEnded = (): boolean => signal?.aborted === true || over.aborted;
  /** Ends a read that is under way, too. */
  const end = (): void => {
    void replica.stop();
    wake();
  };
  signal?.addEventListener('abort', end);
  over.addEventListener('abort', end);
  const replica: Replica = node.replicate(
    {
      reset: take,
      event(event) {
        if (event.type === 'published') take(event.items);
      },
      failed(error) {
        if (!isNoAccess(error)) return;
        failure = noAccess(node.name, error);
        end();
      },
    },
    { subscribe: true },
  );
  try {
    while (!isEnded() && failure === undefined) {
      const batch = queue;
      queue = [];
      for (const result of batch) {
        given.add(result.number);
        yield { ...result, position: given.toString() };
        if (isEnded()) break;
      }
      if (batch.length > 0) continue;
      if (isBehind) {
        isBehind = false;
        // It rejects if it is ended, which is seen above.
        await replica.refresh().catch(() => undefined);
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', end);
    over.removeEventListener('abort', end);
    await replica.stop();
  }
  if (failure !== undefined) throw failure;
  if (over.aborted && signal?.aborted !== true) throw over.reason;
  return undefined;
}

function noAccess(node: string, cause: unknown): JobClientError {
  return new JobClientError(
    'no-access',
    `this account may not read ${node}: have it made a reader, see docs/results.md`,
    { cause },
  );
}
