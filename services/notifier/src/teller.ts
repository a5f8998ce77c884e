import {
  addressOf,
  asTold,
  type BotMessage,
  type HandlerSpec,
  type JobEntry,
  type JobId,
  type JobMarkState,
  type JobOutcome,
  type JobResult,
  type LedgerChanges,
  mayEnd,
  messageIds,
  ownText,
} from '@heavylift/jobs';
import { LRUCache } from 'lru-cache';
import { outcomeText } from './texts.js';

export interface TellerPorts {
  /** The job as the ledger has it, while its requester is not known to be told. */
  readonly entry: (job: JobId) => JobEntry | undefined;
  readonly spec: (kind: string) => HandlerSpec | undefined;
  /** Says it as the bot; resolves when the server has taken it. Rejects if that is not known: it is said again then. */
  readonly say: (message: BotMessage) => Promise<void>;
  /** The same, together with other outcomes for the same program. */
  readonly sayGathered: (message: BotMessage) => Promise<void>;
  /** Lets the dispatcher know; repeats by itself until the server has it. */
  readonly reportTold: (job: JobId) => void;
  /** Waits a while before what failed is tried again; rejects when there is nothing more to be told by this instance. */
  readonly pause: (attempt: number) => Promise<void>;
  /** @param began when it was first tried, in milliseconds since 1970 */
  readonly onTold: (result: JobResult, entry: JobEntry, began: number) => void;
  /** However often it is tried. The job is let go then. */
  readonly isHopeless: (error: unknown) => boolean;
  readonly onFailure: (result: JobResult, error: unknown, isHopeless: boolean) => void;
}

/** Brings outcomes to whoever asked, each once by this instance. */
export interface Teller {
  outcome(result: JobResult): void;
  ledgerChanged(changes: LedgerChanges): void;
  /** The outcome is known, so progress is of no interest any more. */
  hasOutcome(job: JobId): boolean;
  /** Outcomes whose job has not turned up in the ledger (yet). */
  readonly unclaimed: number;
  /** Outcomes whose requester is about to be told. */
  readonly untold: number;
  /** Resolves when nothing is being told. */
  settled(): Promise<void>;
}

/** An outcome can come before its job's sheet; one whose job was let go long ago never finds it. So only so many wait. */
const mostUnclaimed = 10_000;
/** Of one job. */
const mostOfJob = 16;
const mostUnclaimedCharacters = 16 * 1_048_576;
/** Jobs whose requesters were told, and that are remembered. */
const mostTold = 100_000;

export function createTeller(ports: TellerPorts): Teller {
  const unclaimed = new LRUCache<JobId, readonly JobResult[]>({
    max: mostUnclaimed,
    maxSize: mostUnclaimedCharacters,
    sizeCalculation: (results) => JSON.stringify(results).length,
  });
  // In either of these a job stays, so that nobody is told twice: a server that was killed may bring back a job that was let go.
  const telling = new Map<JobId, Promise<void>>();
  const told = new LRUCache<JobId, true>({ max: mostTold });

  async function tell(result: JobResult, entry: JobEntry): Promise<void> {
    const message = outcomeMessage(result, entry, ports.spec(entry.kind));
    const say = entry.requester.gathers === true ? ports.sayGathered : ports.say;
    const began = Date.now();
    for (let attempt = 1; ports.entry(entry.id) !== undefined; attempt += 1) {
      try {
        await say(message);
        told.set(ownText(entry.id), true);
        ports.onTold(result, entry, began);
        ports.reportTold(entry.id);
        return;
      } catch (error) {
        const isHopeless = ports.isHopeless(error);
        ports.onFailure(result, error, isHopeless);
        if (isHopeless) return ports.reportTold(entry.id);
        await ports.pause(attempt);
      }
    }
  }

  /** Tells the first of the results that its author may give, as the ledger stands. */
  function claim(results: readonly JobResult[], entry: JobEntry): void {
    // The parent's outcome is what its requester is told.
    if (telling.has(entry.id) || entry.target.type === 'child') return;
    const said = results.find((one) => mayEnd(entry, one));
    if (said === undefined) return;
    unclaimed.delete(entry.id);
    const result = asTold(entry, said);
    const work = tell(result, entry)
      .catch((error: unknown) => ports.onFailure(result, error, false))
      .finally(() => telling.delete(entry.id));
    telling.set(entry.id, work);
  }

  return {
    outcome(result) {
      const entry = ports.entry(result.job);
      if (told.has(result.job)) {
        if (entry !== undefined) ports.reportTold(result.job);
        return;
      }
      // Its job's sheet, or the one that gives the job to this lifter, may be still to come.
      const waiting = [...(unclaimed.get(result.job) ?? []), result].slice(-mostOfJob);
      unclaimed.set(result.job, waiting);
      if (entry !== undefined) claim(waiting, entry);
    },
    ledgerChanged({ changed, gone, newEpoch }) {
      for (const job of gone) unclaimed.delete(job);
      for (const entry of changed) {
        const waiting = unclaimed.peek(entry.id);
        if (waiting !== undefined) claim(waiting, entry);
      }
      // A new dispatcher may have missed the report: whatever still stands is reported to it once more.
      if (newEpoch)
        for (const job of told.keys()) if (ports.entry(job) !== undefined) ports.reportTold(job);
    },
    hasOutcome(job) {
      const entry = ports.entry(job);
      const isEnded = (one: JobResult) => entry === undefined || mayEnd(entry, one);
      return told.has(job) || telling.has(job) || unclaimed.peek(job)?.some(isEnded) === true;
    },
    get unclaimed() {
      return unclaimed.size;
    },
    get untold() {
      return telling.size;
    },
    async settled() {
      await Promise.all(telling.values());
    },
  };
}

/** Its id is always the same for the same job, so a client that gets the message twice can tell. */
export function outcomeMessage(
  result: JobResult,
  entry: JobEntry,
  spec: HandlerSpec | undefined,
): BotMessage {
  return {
    ...addressOf(entry.requester),
    id: messageIds.told(entry.id),
    body: outcomeText(result, spec),
    job: {
      id: entry.id,
      number: entry.number,
      state: result.status satisfies JobMarkState,
      ...(entry.traceparent !== undefined && { traceparent: entry.traceparent }),
      ...outcomeFor(entry, result),
    },
  };
}

/** Longer ones programs read elsewhere. */
const longestOutcome = 4_096;

/** What came of the job, if it is a program that asked. */
function outcomeFor({ requester }: JobEntry, result: JobResult): { outcome?: JobOutcome } {
  if (requester.messageType !== 'command') return {};
  const outcome = outcomeOf(result);
  if (outcome === undefined || JSON.stringify(outcome).length > longestOutcome) return {};
  return { outcome };
}

function outcomeOf(result: JobResult): JobOutcome | undefined {
  switch (result.status) {
    case 'succeeded':
      return { value: result.value };
    case 'failed':
      return { error: result.error };
    case 'cancelled':
    case 'expired':
      return undefined;
  }
}
