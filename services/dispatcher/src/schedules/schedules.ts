import {
  duplicateWindowMs,
  type Instant,
  type JobId,
  requesterKey,
  type Schedule,
} from '@heavylift/jobs';
import type { ScheduleView } from '../desk.js';
import { jobIdFrom } from '../job-id.js';
import { nextRun } from './clock.js';

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
  readonly onNote: (details: Readonly<Record<string, unknown>>, message: string) => void;
}

/** Brings jobs again and again, at the times of cron expressions. */
export interface Schedules {
  all(): readonly ScheduleView[];
  ofRequester(key: string): number;
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

interface Row {
  schedule: Schedule;
  readonly next: Instant | undefined;
  /** Not looked at before: it is being seen to, or could not be noted a moment ago. */
  notBefore: Instant;
}

export function createSchedules(ports: SchedulesPorts): Schedules {
  const { submit, missedRuns, now, onNote } = ports;
  /** How much is being written, and how much was. */
  let writing = 0;
  let written = 0;
  const rows = new Map<number, Row>();
  /** Those that do not stand in the node yet, by their numbers. */
  const adding = new Map<number, { schedule: Schedule; stored: Promise<ScheduleView> }>();
  let lastNumber = 0;

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
    const { cron, timeZone, last = schedule.created } = schedule;
    const row = { schedule, next: nextRun(cron, timeZone, last), notBefore: 0 };
    rows.set(schedule.number, row);
    return row;
  }

  /**
   * The job goes first and the note of it second: after a crash in between, the job is brought again under the same id, and is the
   * same job.
   */
  async function run(row: Row, at: Instant): Promise<void> {
    const { schedule } = row;
    const { number } = schedule;
    const due = latestDue(schedule, at);
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

  /** Of several times that have come meanwhile, the latest: one run makes up for all. */
  function latestDue({ cron, timeZone }: Schedule, first: Instant): Instant {
    let due = first;
    // Of one that runs often, the last hour will do: it has to be looked through run by run.
    const recent = nextRun(cron, timeZone, now() - 3_600_000);
    const from = recent !== undefined && recent <= now() ? Math.max(first, recent) : first;
    for (let next: Instant | undefined = from; next !== undefined && next <= now(); ) {
      due = next;
      next = nextRun(cron, timeZone, due);
    }
    return due;
  }

  return {
    all: () => [...rows.values()].map(({ schedule, next }) => view(schedule, next)),
    ofRequester: (key) =>
      [...rows.values(), ...adding.values()].filter(
        ({ schedule }) => requesterKey(schedule.requester) === key,
      ).length,
    ofMessage(isSame) {
      const fits = ({ schedule }: { schedule: Schedule }) =>
        schedule.message !== undefined &&
        now() - schedule.created < duplicateWindowMs &&
        isSame(schedule.message, schedule);
      const row = [...rows.values()].find(fits);
      if (row !== undefined) return Promise.resolve(view(row.schedule, row.next));
      return [...adding.values()].find(fits)?.stored;
    },
    add(asked) {
      lastNumber += 1;
      const schedule = ofThisTerm({ ...asked, number: lastNumber });
      const stored = store(schedule)
        .then(() => view(schedule, put(schedule).next))
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
      const changed = [...rows.values()].filter(({ schedule }) => {
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
      for (let row of rows.values()) {
        const inTime = inOwnTime(row.schedule);
        if (inTime !== row.schedule && row.notBefore <= now()) row = put(inTime);
        const { next, notBefore, schedule } = row;
        if (next === undefined || next > now() || notBefore > now()) continue;
        row.notBefore = Number.POSITIVE_INFINITY;
        run(row, next).catch((error: unknown) => {
          onNote({ err: error, schedule: schedule.number }, 'a run could not be noted');
          row.notBefore = now() + againMs;
        });
      }
    },
  };
}

function view(schedule: Schedule, next: Instant | undefined): ScheduleView {
  return { schedule, ...(next !== undefined && { next }) };
}

/** Always the same for the same run. By a clock that was ahead, there may have been one of that time before its time. */
function jobIdFor({ number, created, clockSet }: Schedule, at: Instant): JobId {
  const set = clockSet === undefined ? '' : ` ${clockSet}`;
  return jobIdFrom(`${number} ${created} ${at}${set}`, at);
}
