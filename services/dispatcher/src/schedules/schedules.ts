import { duplicateWindowMs, type Instant, type JobId, type Schedule } from '@heavylift/jobs';
import { messageOf } from '@heavylift/service';
import type { ScheduleView } from '../desk.js';
import { jobIdFrom } from '../job-id.js';
import { type Clock, clockOf, latestRun } from './clock.js';
import { problemOfSize } from './limits.js';

export interface SchedulesPorts {
  /** Of the term: what is stored says it. */
  readonly epoch: number;
  /** Schedules as the node holds them. */
  readonly found: readonly Schedule[];
  /** Puts a schedule into the node, in place of its earlier state. */
  readonly store: (schedule: Schedule) => Promise<void>;
  readonly discard: (number: number) => Promise<void>;
  /** Has a job run under this id; nothing is to happen if that job has run or stands in the ledger already. */
  readonly submit: (schedule: Schedule, job: JobId, at: Instant) => Promise<void>;
  /** What becomes of runs whose time came while nobody was there. */
  readonly missedRuns: 'skip' | 'once';
  readonly now: () => Instant;
  /** Milliseconds; only differences count. @default that of the process */
  readonly stopwatch?: () => number;
  readonly onNote: (details: Readonly<Record<string, unknown>>, message: string) => void;
}

/** Brings jobs again and again, at the times of cron expressions. */
export interface Schedules {
  all(): readonly ScheduleView[];
  /** Those that stand in the node, or are about to. */
  standing(): readonly Schedule[];
  /** The schedule that a message has brought not long before, as {@link add} gave it. @param isSame by the mark of the message */
  ofMessage(
    isSame: (message: string, schedule: Schedule) => boolean,
  ): Promise<ScheduleView> | undefined;
  /** Resolves when it stands in the node. */
  add(schedule: Omit<Schedule, 'number'>): Promise<ScheduleView>;
  /** False if there is none of that number. Resolves when it is gone from the node. */
  remove(number: number): Promise<boolean>;
  /**
   * Compares with what the node holds: what an earlier leader wrote or took off late, when we had read the node already, is put right.
   * @param read all schedules of the node
   * @returns the numbers of those that were put right; none too if something was being written meanwhile
   */
  verify(read: () => Promise<readonly Schedule[]>): Promise<readonly number[]>;
  /** Brings the jobs that have come due; to be called about once a second or more. */
  tick(): void;
}

/** A run that is so late was missed: longer than a take-over or a restart of the server takes. */
const missedAfterMs = 60_000;
/** A last run that is so far in the future was noted by a clock that was ahead; less is how clocks differ. */
const aheadMs = 60_000;
/** After a run could not be noted. */
const againMs = 5_000;
/** What does not fit into a turn is seen to in the next. */
const longestTurnMs = 15;

interface Row {
  schedule: Schedule;
  /** What its text comes to. Found out when it is needed: a node that is full must not take all the time of a start. */
  reading: Reading | undefined;
  /** Not looked at before: it is being seen to, or could not be noted a moment ago. */
  notBefore: Instant;
}

type Reading =
  | { readonly clock: Clock; readonly next: Instant | undefined }
  | { readonly problem: string };

export function createSchedules(ports: SchedulesPorts): Schedules {
  const { submit, missedRuns, now, onNote } = ports;
  /** How much is being written, and how much was. */
  let writing = 0;
  let written = 0;
  const stopwatch = ports.stopwatch ?? (() => performance.now());
  const rows = new Map<number, Row>();
  /** Those that do not stand in the node yet, by their numbers. */
  const adding = new Map<number, { schedule: Schedule; stored: Promise<ScheduleView> }>();
  let lastNumber = 0;
  /** Those that the pass over all has not come to yet, the next one last. */
  let pass: number[] = [];

  for (const schedule of ports.found) put(inOwnTime(schedule));

  /** It goes on from now, not when this clock has come as far as the other one was. */
  function inOwnTime(schedule: Schedule): Schedule {
    const { number, created, last = created } = schedule;
    if (last <= now() + aheadMs) return schedule;
    onNote(
      { schedule: number, last, now: now() },
      'the last run is in the future: a clock was ahead',
    );
    return { ...schedule, last: now(), clockSet: now() };
  }

  async function write(work: () => Promise<void>): Promise<void> {
    writing += 1;
    try {
      await work();
    } finally {
      writing -= 1;
      written += 1;
    }
  }

  const store = (schedule: Schedule) => write(() => ports.store(schedule));
  const discard = (number: number) => write(() => ports.discard(number));
  const ofThisTerm = (schedule: Schedule): Schedule => ({ ...schedule, epoch: ports.epoch });

  function put(schedule: Schedule): Row {
    lastNumber = Math.max(lastNumber, schedule.number);
    const row: Row = { schedule, reading: undefined, notBefore: 0 };
    rows.set(schedule.number, row);
    return row;
  }

  function readingOf(row: Row): Reading {
    if (row.reading !== undefined) return row.reading;
    row.reading = read(row.schedule);
    const { number, kind } = row.schedule;
    if ('problem' in row.reading)
      onNote(
        { schedule: number, kind, problem: row.reading.problem },
        `a schedule that cannot run: take it off with "unschedule ${number}"`,
      );
    return row.reading;
  }

  function viewOf(row: Row): ScheduleView {
    return {
      schedule: row.schedule,
      get next() {
        const reading = readingOf(row);
        return 'next' in reading ? reading.next : undefined;
      },
      get problem() {
        const reading = readingOf(row);
        return 'problem' in reading ? reading.problem : undefined;
      },
    };
  }

  /**
   * The job goes first and the note of it second: after a crash in between, the job is brought again under the same id, and is the
   * same job.
   */
  async function run(row: Row, clock: Clock, at: Instant): Promise<void> {
    const { schedule } = row;
    const { number } = schedule;
    // Of several times that have come meanwhile, the latest: one run makes up for all.
    const due = latestRun(clock, at, now());
    const isMissed = now() - due > missedAfterMs;
    if (isMissed) onNote({ schedule: number, at: due, missedRuns }, 'runs were missed');
    if (!isMissed || missedRuns === 'once') await submit(schedule, jobIdFor(schedule, due), due);
    if (rows.get(number) !== row) return;
    const noted = ofThisTerm({ ...schedule, last: due });
    await store(noted);
    if (rows.get(number) === row) put(noted);
    // It was taken off meanwhile, and has just been put back into the node.
    else await discard(number);
  }

  function bringIfDue(found: Row): void {
    if (found.notBefore > now()) return;
    const inTime = inOwnTime(found.schedule);
    const row = inTime === found.schedule ? found : put(inTime);
    const reading = readingOf(row);
    if ('problem' in reading || reading.next === undefined || reading.next > now()) return;
    row.notBefore = Number.POSITIVE_INFINITY;
    run(row, reading.clock, reading.next).catch((error: unknown) => {
      onNote({ err: error, schedule: row.schedule.number }, 'a run could not be noted');
      row.notBefore = now() + againMs;
    });
  }

  return {
    all: () => [...rows.values()].map(viewOf),
    standing: () => [...rows.values(), ...adding.values()].map(({ schedule }) => schedule),
    ofMessage(isSame) {
      const fits = ({ schedule }: { schedule: Schedule }) =>
        schedule.message !== undefined &&
        now() - schedule.created < duplicateWindowMs &&
        isSame(schedule.message, schedule);
      const row = [...rows.values()].find(fits);
      if (row !== undefined) return Promise.resolve(viewOf(row));
      return [...adding.values()].find(fits)?.stored;
    },
    add(asked) {
      lastNumber += 1;
      const schedule = ofThisTerm({ ...asked, number: lastNumber });
      const stored = store(schedule)
        .then(() => viewOf(put(schedule)))
        .finally(() => adding.delete(schedule.number));
      adding.set(schedule.number, { schedule, stored });
      return stored;
    },
    async remove(number) {
      if (!rows.has(number)) return false;
      await discard(number);
      return rows.delete(number);
    },
    async verify(read) {
      const before = written;
      if (writing > 0) return [];
      const found = new Map((await read()).map((schedule) => [schedule.number, schedule]));
      if (writing > 0 || written !== before) return [];
      const changed = [...rows.values()].filter((row) => {
        const { schedule } = row;
        // What cannot run may be more than can be written.
        if ('problem' in readingOf(row)) return false;
        const there = found.get(schedule.number);
        return there === undefined || there.epoch !== schedule.epoch;
      });
      const foreign = [...found.keys()].filter((number) => !rows.has(number));
      for (const { schedule } of changed) {
        const own = ofThisTerm(schedule);
        await store(own);
        if (rows.get(own.number)?.schedule === schedule) put(own);
      }
      for (const number of foreign) if (!rows.has(number)) await discard(number);
      return [...changed.map(({ schedule }) => schedule.number), ...foreign];
    },
    tick() {
      const began = stopwatch();
      if (pass.length === 0) pass = [...rows.keys()].reverse();
      do {
        const row = rows.get(pass.pop() ?? 0);
        if (row !== undefined) bringIfDue(row);
      } while (pass.length > 0 && stopwatch() - began < longestTurnMs);
    },
  };
}

/** What an earlier version let in may be more than can be written again, or be read otherwise today. */
function read(schedule: Schedule): Reading {
  const { cron, timeZone, last = schedule.created } = schedule;
  const tooLarge = problemOfSize(schedule);
  if (tooLarge !== undefined) return { problem: tooLarge };
  try {
    const clock = clockOf(cron, timeZone);
    return { clock, next: clock.next(last) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** Always the same for the same run. By a clock that was ahead, there may have been one of that time before its time. */
function jobIdFor({ number, created, clockSet }: Schedule, at: Instant): JobId {
  const set = clockSet === undefined ? '' : ` ${clockSet}`;
  return jobIdFrom(`${number} ${created} ${at}${set}`, at);
}
