import {
  admit,
  type HandlerSpec,
  type JobEntry,
  type JobId,
  JobsError,
  jobBytesAtMost,
  type Ledger,
  makeJobId,
  messageKey,
  messagePart,
  type NewJob,
  type Progress,
  requesterKey,
  requestPart,
  type Schedule,
  uniqueKeyOf,
} from '@heavylift/jobs';
import {
  aboutJob,
  type Logger,
  newTraceparent,
  randomBytes,
  spanAttributes,
  type Tracing,
} from '@heavylift/service';
import { echo } from '../chat/texts.js';
import type { Desk, JobView, RunAnswer, RunRequest, ScheduleView, SubmitAnswer } from '../desk.js';
import { requestId } from '../job-id.js';
import type { DispatcherObserver } from '../metrics.js';
import type { History } from '../scheduler/history.js';
import type { Scheduler } from '../scheduler/types.js';
import { problemWithCron } from '../schedules/clock.js';
import { noRoomFor } from '../schedules/limits.js';
import type { Schedules } from '../schedules/schedules.js';
import type { Acceptances } from './acceptances.js';
import { createAmendments } from './amend.js';
import { createDuplicates } from './duplicates.js';
import type { EndedBefore } from './ended-before.js';
import { type FailedJobs, viewOfFailed } from './failed-jobs.js';
import { contentOf, createPrecedents } from './precedents.js';
import { createRetries } from './retries.js';
import { problemOf } from './too-long.js';
import { kindOf, problemWithDeadline, targetOf, wantedOf } from './wanted.js';

export interface DeskLimits {
  /** Jobs that may be open at once. */
  readonly openJobs: number;
  readonly openJobsOfRequester: number;
  /** Bytes that they may take in the ledger. */
  readonly openBytes?: number;
  readonly openBytesOfRequester?: number;
  readonly schedules: number;
  readonly schedulesOfRequester: number;
}

export interface DeskParts {
  readonly specs: ReadonlyMap<string, HandlerSpec>;
  readonly ledger: Pick<Ledger, 'size' | 'bytes' | 'bytesOf' | 'get' | 'entries'>;
  readonly scheduler: Scheduler;
  readonly history: History;
  readonly schedules: Schedules;
  readonly failed: FailedJobs;
  readonly acceptances: Pick<Acceptances, 'written' | 'isAwaited' | 'forget'>;
  /** Resolves when the job, as it is now, stands in the node for whoever may lead next. */
  readonly stands: (job: JobId) => Promise<void>;
  /** What had ended before the term began, of which nothing else is known. */
  readonly endedBefore: EndedBefore;
  /** Where a handler was seen that no lifter has now. */
  readonly lastSeen?: Desk['lastSeen'];
  /** The latest that the lifter of a running job said. */
  readonly progressOf: (job: JobId) => Progress | undefined;
  readonly observer: Pick<DispatcherObserver, 'accepted' | 'refused'>;
  readonly tracing: Tracing;
  readonly limits: DeskLimits;
  /** In which times of day are meant. */
  readonly timeZone: string;
  /** As the scheduler's. */
  readonly now: () => number;
  readonly log: Logger;
}

/** How a scheduled run is taken in, too: it stands in the ledger when this resolves. */
export interface OfficeDesk extends Desk {
  runScheduled(schedule: Schedule, job: JobId): Promise<void>;
}

export function createDesk(parts: DeskParts): OfficeDesk {
  const { specs, ledger, scheduler, history, schedules, failed, acceptances, observer } = parts;
  const { tracing, limits, timeZone, now: clock, log } = parts;
  const { openJobs } = scheduler;

  function refusal(job: NewJob): string | undefined {
    const requester = requesterKey(job.requester);
    const parts = job.target.type === 'all' ? scheduler.lifters().length : 0;
    const admission = admit({
      open: ledger.size,
      openOfRequester: scheduler.openOf(requester),
      bytes: ledger.bytes,
      bytesOfRequester: ledger.bytesOf(requester),
      asked: (1 + parts) * jobBytesAtMost({ ...job, number: 1, revision: 1 }),
      limits: {
        total: limits.openJobs,
        ofRequester: limits.openJobsOfRequester,
        ...(limits.openBytes !== undefined && { totalBytes: limits.openBytes }),
        ...(limits.openBytesOfRequester !== undefined && {
          ofRequesterBytes: limits.openBytesOfRequester,
        }),
      },
      endedPerSecond: scheduler.endedPerSecond(),
    });
    if (admission.admitted) return undefined;
    observer.refused('full');
    return admission.text;
  }

  /** The number of a job that stands in the ledger, did lately, or had ended when the term began. */
  function numberOf(job: JobId): number | undefined {
    const { number } =
      ledger.get(job) ?? history.all().find(({ entry }) => entry.id === job)?.entry ?? {};
    return number ?? parts.endedBefore.numberOf(job);
  }

  function openWithKey(kind: string, uniqueKey: string | undefined) {
    const job = uniqueKey === undefined ? undefined : openJobs.withKey(kind, uniqueKey);
    const number = job === undefined ? undefined : ledger.get(job)?.number;
    return job === undefined || number === undefined ? undefined : { job, number };
  }

  async function accept(asked: NewJob): Promise<SubmitAnswer> {
    const began = Date.now();
    const { traceparent: parent } = asked;
    // All that is done for the job stands under its acceptance.
    const self = parent === undefined ? newTraceparent() : tracing.childOf(parent);
    const job: NewJob = { ...asked, traceparent: self };
    const written = acceptances.written(job.id);
    // Rejects also if it is not waited for, when the job turns out to be impossible.
    written.catch(() => undefined);
    const problem = submit(job);
    if (problem !== undefined) {
      acceptances.forget(job.id);
      observer.refused('impossible');
      return { kind: 'impossible', reason: problem };
    }
    const entry = await written;
    tracing.record(() => ({
      name: 'accept',
      self,
      parent,
      began,
      ended: Date.now(),
      attributes: spanAttributes(entry),
    }));
    return accepted(entry);
  }

  function accepted(entry: JobEntry): { kind: 'accepted'; entry: JobEntry; waitsFor?: string } {
    observer.accepted(entry);
    const waitsFor = scheduler.waitsFor(entry.id);
    log.info({ ...aboutJob(entry), ...(waitsFor !== undefined && { waitsFor }) }, 'accepted');
    return { kind: 'accepted', entry, ...(waitsFor === undefined ? {} : { waitsFor }) };
  }

  /** @returns what makes it impossible */
  function submit(job: NewJob): string | undefined {
    try {
      if (job.target.type !== 'all') scheduler.submit(job);
      else if (scheduler.submitToAll(job, newId) === undefined)
        return `no lifter that knows "${job.kind}" is there`;
    } catch (error) {
      if (!(error instanceof JobsError)) throw error;
      return problemOf(error, job.args);
    }
    return undefined;
  }

  async function schedule(request: RunRequest, cron: string): Promise<RunAnswer> {
    const { spec, args, clauses, requester } = request;
    const now = Date.now();
    const problem = problemWithCron(cron, timeZone, now);
    if (problem !== undefined)
      return { kind: 'impossible', reason: `"every ${echo(cron)}": ${problem}` };
    const key = requesterKey(requester);
    const message = messageKey(requester) === undefined ? undefined : requestPart(idFor(request));
    const { messageId: _, originId: __, thread: ___, ...who } = requester;
    const asked = {
      kind: spec.name,
      args,
      // Whoever asked may be anywhere when it runs.
      requester: { ...who, jid: key },
      cron,
      timeZone,
      created: now,
      priority: clauses.priority ?? 0,
      target: targetOf(clauses),
      ...(clauses.withinMs !== undefined && { withinMs: clauses.withinMs }),
      ...(message !== undefined && { message }),
    };
    const noRoom = noRoomFor(asked, schedules.standing(), {
      total: limits.schedules,
      ofRequester: limits.schedulesOfRequester,
    });
    if (noRoom?.kind === 'impossible') return { kind: 'impossible', reason: noRoom.text };
    if (noRoom !== undefined) {
      observer.refused('full');
      return { kind: 'refused', text: noRoom.text };
    }
    const view = await schedules.add(asked);
    log.info({ schedule: view.schedule.number, kind: spec.name, cron }, 'scheduled');
    return scheduled(view, now);
  }

  function view(entry: JobEntry): JobView {
    const result = scheduler.outcome(entry.id);
    const waitsFor = scheduler.waitsFor(entry.id);
    const progress = parts.progressOf(entry.id);
    const isOfThisAttempt = result === undefined && progress?.attempt === entry.attempt;
    return {
      entry,
      ...(isOfThisAttempt && { progress }),
      // An open job that has ended is one whose requester is still to be told.
      ...(result !== undefined && { result, isUntold: true }),
      ...(waitsFor !== undefined && { waitsFor }),
    };
  }

  function openEntry(number: number): JobEntry | undefined {
    const job = openJobs.withNumber(number);
    return job === undefined ? undefined : ledger.get(job);
  }

  const {
    duplicate,
    again,
    twin: answerOfTwin,
  } = createDuplicates({
    ...{ ledger, scheduler, history, acceptances, view },
    now: clock,
  });
  const precedents = createPrecedents({
    openJobs,
    endedBefore: parts.endedBefore,
    schedules,
    entryOf: ({ id, number }) => ledger.get(id) ?? history.get(number)?.entry,
    now: clock,
  });
  const amendments = createAmendments({
    ...{ ledger, scheduler, history, openEntry, openWithKey, timeZone },
    stands: parts.stands,
    endedBefore: parts.endedBefore,
    now: clock,
  });
  const retry = createRetries({
    failed,
    isKnown: (number) => openEntry(number) !== undefined || history.get(number) !== undefined,
    numberOf,
    openTwin: ({ kind, uniqueKey }) => openWithKey(kind, uniqueKey),
    refusal,
    accept,
    duplicate,
    now: clock,
    log,
  });

  return {
    specs,
    ...(parts.lastSeen !== undefined && { lastSeen: parts.lastSeen }),
    counts: () => scheduler.counts(),
    lifters: () => [...scheduler.lifters()].sort((a, b) => (a.name < b.name ? -1 : 1)),

    async run(request) {
      const { spec, args, clauses, requester, traceparent } = request;
      const { when } = clauses;
      const now = clock();
      const message = messageKey(requester);
      const before = message === undefined ? undefined : precedents.of(message, request);
      if (before?.kind === 'job') return again(before.job, requester);
      if (before?.kind === 'schedule') return scheduled(await before.view, Date.now());
      if (before?.kind === 'conflict') return before;
      if (when?.kind === 'every') return schedule(request, when.cron);
      const uniqueKey = uniqueKeyOf(spec, args);
      const twin = openWithKey(spec.name, uniqueKey);
      if (twin !== undefined) return answerOfTwin(twin, requester);
      const wanted = wantedOf(request, timeZone, now);
      const tooLate = problemWithDeadline(wanted, now);
      if (tooLate !== undefined) return { kind: 'impossible', reason: tooLate };
      const job: NewJob = {
        ...anew,
        ...wanted,
        id: idFor(request),
        requester,
        submitted: now,
        ...(traceparent !== undefined && { traceparent }),
      };
      const text = refusal(job);
      return text === undefined ? accept(job) : { kind: 'refused', text };
    },

    async runScheduled({ number, kind, args, requester, priority, target, withinMs }, id) {
      const spec = specs.get(kind);
      if (spec === undefined) {
        log.warn({ schedule: number, kind }, 'a run was left out: no lifter ever had its handler');
        return;
      }
      const uniqueKey = uniqueKeyOf(spec, args);
      if (openWithKey(kind, uniqueKey) !== undefined || numberOf(id) !== undefined) return;
      const now = clock();
      const job: NewJob = {
        ...anew,
        ...kindOf(spec),
        id,
        args,
        requester,
        submitted: now,
        priority,
        target,
        ...(withinMs !== undefined && { deadline: now + withinMs, asOf: now }),
        ...(uniqueKey !== undefined && { uniqueKey }),
      };
      const text = refusal(job);
      const answer = text === undefined ? await accept(job) : { kind: 'refused', text };
      if (answer.kind !== 'accepted')
        log.warn({ schedule: number, kind, answer }, 'a run was left out');
    },

    job(number) {
      const entry = openEntry(number);
      return entry === undefined ? history.get(number) : view(entry);
    },

    *jobs() {
      const open = [...ledger.entries()].filter(({ target }) => target.type !== 'child');
      for (const entry of open.sort((a, b) => b.number - a.number)) yield view(entry);
      for (const ended of history.all()) if (ended.entry.target.type !== 'child') yield ended;
    },

    async cancel(number, by) {
      const entry = openEntry(number);
      if (entry === undefined) {
        return { kind: history.get(number) === undefined ? 'unknown' : 'over' };
      }
      if (scheduler.outcome(entry.id) !== undefined) {
        await parts.stands(entry.id);
        return { kind: 'over' };
      }
      const kind = scheduler.cancel(entry.id, by);
      await parts.stands(entry.id);
      log.info({ ...aboutJob(entry), by, answer: kind }, 'cancellation asked for');
      return { kind };
    },

    ofMessage(who, messageId) {
      const job = amendments.ofMessage(who, messageId);
      if (job !== undefined) return job;
      const mark = messagePart(requestId(`${who}\n${messageId}`, '', 0));
      const schedule = schedules.all().find((each) => each.schedule.message?.startsWith(mark));
      return schedule && { kind: 'schedule', number: schedule.schedule.number };
    },
    amend: amendments.amend,

    async failed(number) {
      const found = await failed.find(number);
      return found && viewOfFailed(found);
    },
    allFailed: async () => (await failed.all()).map(viewOfFailed),
    retry,

    schedules: () => schedules.all(),
    unschedule: (number) => schedules.remove(number),
  };
}

function scheduled({ schedule, next }: ScheduleView, now: number): RunAnswer {
  return { kind: 'scheduled', schedule, next: next ?? now };
}

/** The same request brings the same bytes of the id, so that its job is known by its result, too. */
function idFor(request: RunRequest): JobId {
  const message = messageKey(request.requester);
  return message === undefined ? newId() : requestId(message, contentOf(request), Date.now());
}

const newId = (): JobId => makeJobId(Date.now(), randomBytes(10));

/** What every new job begins with. */
const anew = {
  attempt: 1,
  stalls: 0,
  failures: [],
  state: { type: 'pending' },
} as const;
