import {
  addressOf,
  type BotMessage,
  type HandlerSpec,
  type JobEntry,
  type JobId,
  messageIds,
  type Progress,
} from '@heavylift/jobs';
import { progressText } from './texts.js';

export interface ProgressPorts {
  readonly entry: (job: JobId) => JobEntry | undefined;
  readonly spec: (kind: string) => HandlerSpec | undefined;
  readonly hasOutcome: (job: JobId) => boolean;
  /** Says it as the bot. Nothing waits for it, and it may be lost. */
  readonly say: (message: BotMessage) => void;
  readonly newMessageId: () => string;
}

export interface ProgressRelay {
  /** @param from full JID of the lifter that says so */
  progress(progress: Progress, from: string): void;
  /** Forgets a job that has ended. */
  forget(job: JobId): void;
  stop(): void;
}

interface Row {
  latest: Progress;
  /** Runs from one message to the earliest time of the next. */
  timer: NodeJS.Timeout | undefined;
  unsaid: boolean;
}

/**
 * Shows how far a job is: one message, corrected at most once in `intervalMs`, always with the latest.
 * There is a row only for a job that runs, so memory is bounded by the ledger.
 */
export function createProgressRelay(ports: ProgressPorts, intervalMs: number): ProgressRelay {
  const rows = new Map<JobId, Row>();

  function forget(job: JobId): void {
    clearTimeout(rows.get(job)?.timer);
    rows.delete(job);
  }

  function sayLatest(job: JobId, row: Row, first: boolean): void {
    const entry = ports.entry(job);
    if (entry === undefined || ports.hasOutcome(job)) {
      forget(job);
      return;
    }
    row.unsaid = false;
    row.timer = setTimeout(() => {
      row.timer = undefined;
      if (row.unsaid) sayLatest(job, row, false);
    }, intervalMs);
    // The first message of the row has the job's own id; the later ones correct it (XEP-0308).
    const firstId = messageIds.progress(job);
    ports.say({
      ...addressOf(entry.requester),
      id: first ? firstId : ports.newMessageId(),
      body: progressText(entry.number, row.latest, ports.spec(entry.kind)?.title ?? entry.kind),
      ...(first ? {} : { replaces: firstId }),
      job: { id: job, number: entry.number, state: 'progress' },
      passing: true,
    });
  }

  return {
    progress(progress, from) {
      const { job } = progress;
      const entry = ports.entry(job);
      // A late attempt's progress is nobody's, nor is that of who does not run the job.
      if (entry === undefined || entry.attempt !== progress.attempt || ports.hasOutcome(job))
        return;
      if (entry.state.type !== 'assigned' || entry.state.lifter !== from) return;
      // A part of a job for all: its requester hears of the whole.
      if (entry.target.type === 'child') return;
      const row = rows.get(job);
      if (row === undefined) {
        const begun = {
          latest: progress,
          timer: undefined,
          unsaid: true,
        };
        rows.set(job, begun);
        sayLatest(job, begun, true);
        return;
      }
      row.latest = progress;
      row.unsaid = true;
      if (row.timer === undefined) sayLatest(job, row, false);
    },
    forget,
    stop() {
      for (const job of [...rows.keys()]) forget(job);
    },
  };
}
