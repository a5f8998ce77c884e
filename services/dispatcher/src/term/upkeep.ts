import {
  isLateSheet,
  type JobResult,
  type Ledger,
  type LifterAnnouncement,
  type Schedule,
} from '@heavylift/jobs';
import type { Logger } from '@heavylift/service';
import type { Session } from '@heavylift/xmpp-pubsub';
import type { LedgerWriter } from '../ledger/writer.js';
import type { Scheduler } from '../scheduler/types.js';
import type { Schedules } from '../schedules/schedules.js';
import { callRoll } from './roll-call.js';

export interface UpkeepPorts {
  readonly session: Pick<Session, 'request'>;
  readonly scheduler: Pick<
    Scheduler,
    'tick' | 'untoldFor' | 'lifters' | 'silentLifters' | 'announced' | 'left'
  >;
  readonly schedules: Pick<Schedules, 'tick' | 'verify'>;
  readonly ledger: Pick<Ledger, 'newest' | 'since'>;
  readonly writer: Pick<LedgerWriter, 'verify'>;
  /** Reads the ids of all sheets that the node holds. */
  readonly sheetIds: () => Promise<readonly string[]>;
  /** Takes in what is in sheets that the leader before wrote and this one did not read; those are not needed any more then. */
  readonly adoptLate: (sheetIds: readonly string[]) => Promise<void>;
  /** Reads all schedules that the node holds. */
  readonly readSchedules: () => Promise<readonly Schedule[]>;
  readonly publish: (result: JobResult) => void;
  readonly graceMs: number;
  readonly onCounts: () => void;
  readonly log: Logger;
}

/** What is done again and again while a term lasts. */
export interface Upkeep {
  /** To be called when the first sheet stands in the node: from then on it counts which lifters have not announced themselves. */
  begin(): void;
  /** Asks lifters what they run. @param lifters full JIDs */
  ask(lifters: readonly string[]): Promise<void>;
  end(): void;
}

const tickMs = 250;
const rollCallMs = 30_000;
/** Lifters that have jobs and have not announced themselves to the new leader: the server knows whether they are there. */
const silentCallMs = 2_000;
/** An outcome whose requester is not told by then is published again: the notifier may never have seen it. */
const untoldMs = 20_000;
const untoldIntervalMs = 5_000;
/** The node is compared with what it ought to hold: somebody may have purged it, or lowered what it keeps. */
const verifyMs = 30_000;
/** What the leader before wrote late mostly comes soon. */
const lateMs = [2_000, 10_000];
/** So many late sheets are read at a time. */
const mostLate = 32;
/** The same for schedules: the leader before may have written late. */
const verifySchedulesMs = 60_000;

export function createUpkeep(ports: UpkeepPorts): Upkeep {
  const { session, scheduler, schedules, ledger, writer, graceMs, onCounts, log } = ports;
  let timers: readonly NodeJS.Timeout[] = [];
  /** One question to each at a time. */
  let isAskingSilentOnes = false;

  function ask(lifters: readonly string[]): Promise<void> {
    return callRoll({
      session,
      lifters,
      query: () => (ledger.newest === undefined ? {} : { newest: ledger.newest }),
      onAnswer(jid: string, announcement: LifterAnnouncement) {
        scheduler.announced(jid, announcement);
        onCounts();
      },
      onAbsent: (jid) => scheduler.left(jid),
      onFailure: (error, lifter) => log.debug({ err: error, lifter }, 'no answer to the roll call'),
    }).catch((error: unknown) => log.warn({ err: error }, 'the roll call failed'));
  }

  function askSilentOnes(): void {
    const silent = scheduler.silentLifters();
    if (isAskingSilentOnes || silent.length === 0) return;
    isAskingSilentOnes = true;
    void ask(silent).finally(() => {
      isAskingSilentOnes = false;
    });
  }

  async function takeInLate(): Promise<void> {
    const ids = (await ports.sheetIds()).filter((id) => isLateSheet(id, ledger.since));
    if (ids.length > 0) await ports.adoptLate(ids.slice(0, mostLate));
  }

  async function verifyLedger(): Promise<void> {
    await takeInLate();
    const lost = await writer.verify(ports.sheetIds);
    if (lost > 0) log.warn({ lost }, 'the node has lost sheets, which are written anew');
  }

  async function verifySchedules(): Promise<void> {
    const put = await schedules.verify(ports.readSchedules);
    if (put.length > 0)
      log.warn({ schedules: put }, 'an earlier leader wrote late: put right what it wrote');
  }

  const every = (ms: number, work: () => void) => setInterval(work, ms);
  const attempt = (what: string, work: () => Promise<void>) => () => {
    work().catch((error: unknown) => log.debug({ err: error }, `${what} could not be verified`));
  };

  return {
    ask,
    begin() {
      const began = performance.now();
      timers = [
        every(tickMs, () => {
          scheduler.tick();
          // By then the lifters have announced themselves.
          if (performance.now() - began >= graceMs) schedules.tick();
        }),
        every(untoldIntervalMs, () => {
          for (const result of scheduler.untoldFor(untoldMs)) ports.publish(result);
        }),
        every(rollCallMs, () => void ask(scheduler.lifters().map(({ jid }) => jid))),
        every(silentCallMs, askSilentOnes),
        every(verifyMs, attempt('the ledger', verifyLedger)),
        every(verifySchedulesMs, attempt('the schedules', verifySchedules)),
        ...lateMs.map((ms) => setTimeout(attempt('the ledger', takeInLate), ms)),
      ];
      askSilentOnes();
    },
    end() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
