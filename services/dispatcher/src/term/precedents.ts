import {
  type HandlerSpec,
  type JobEntry,
  type JobId,
  type KnownJob,
  messagePart,
  type OpenJobs,
  requestPart,
  type Schedule,
} from '@heavylift/jobs';
import type { RunRequest, ScheduleView } from '../desk.js';
import { jobIdFrom, requestId } from '../job-id.js';
import type { Schedules } from '../schedules/schedules.js';
import type { EndedBefore } from './ended-before.js';

/** What a message has brought before. */
export type Precedent =
  | { readonly kind: 'job'; readonly job: KnownJob }
  | { readonly kind: 'schedule'; readonly view: Promise<ScheduleView> }
  /** A program's name for a submission stands for something else already. `taken`: for what, in words. */
  | { readonly kind: 'conflict'; readonly taken: string };

export interface PrecedentsParts {
  readonly openJobs: Pick<OpenJobs, 'ofRequest' | 'ofMessage'>;
  readonly endedBefore: Pick<EndedBefore, 'ofRequest' | 'ofMessage'>;
  readonly schedules: Pick<Schedules, 'ofMessage'>;
  /** An open job, or one that ended lately. */
  readonly entryOf: (job: KnownJob) => JobEntry | undefined;
  readonly now: () => number;
}

type Asked = Pick<RunRequest, 'args' | 'clauses' | 'requester'> & {
  readonly spec: Pick<HandlerSpec, 'name'>;
};

/**
 * Knows a request that comes again. The same message that asks for the same is the same request. Many clients count their messages anew at
 * each start, so that a message under a used id that asks for something else is another request. Only a program's submission is meant to be
 * named once: under its name nothing else can be asked for.
 */
export function createPrecedents(parts: PrecedentsParts) {
  const { openJobs, endedBefore, schedules, entryOf, now } = parts;

  const jobOfRequest = (id: JobId) => openJobs.ofRequest(id, now()) ?? endedBefore.ofRequest(id);

  /** Earlier releases made the ids of jobs from the message alone. */
  function ofEarlierRelease(message: string, asked: Asked): KnownJob | undefined {
    const job = jobOfRequest(jobIdFrom(message, 0));
    const entry = job && entryOf(job);
    return entry === undefined || isSame(entry, asked) ? job : undefined;
  }

  /** What else the message has brought, in words. */
  function otherOf(id: JobId): string | undefined {
    const job = openJobs.ofMessage(id, now()) ?? endedBefore.ofMessage(id);
    if (job !== undefined) return `#${job.number}`;
    // The marks of both releases begin with what stands for the message.
    const schedule = schedules.ofMessage((mark) => mark.startsWith(messagePart(id)));
    return schedule && 'a schedule';
  }

  return {
    /** @param message its key, see `messageKey` */
    of(message: string, asked: Asked): Precedent | undefined {
      const id = requestId(message, contentOf(asked), 0);
      const job = jobOfRequest(id) ?? ofEarlierRelease(message, asked);
      if (job !== undefined) return { kind: 'job', job };
      const old = requestPart(jobIdFrom(message, 0));
      const view = schedules.ofMessage(
        (mark, schedule) =>
          mark === requestPart(id) || (mark === old && isSameSchedule(schedule, asked)),
      );
      if (view !== undefined) return { kind: 'schedule', view };
      const taken = asked.requester.messageType === 'command' ? otherOf(id) : undefined;
      return taken === undefined ? undefined : { kind: 'conflict', taken };
    },
  };
}

/** What is asked for, in one text: the same for the same wish, however it was written. */
export function contentOf({ spec, args, clauses }: Omit<Asked, 'requester'>): string {
  const { when, target, withinMs, priority = 0 } = clauses;
  return JSON.stringify([spec.name, inOrder(args), when, target, withinMs, priority]);
}

const inOrder = (args: object) =>
  Object.entries(args).sort(([one], [other]) => (one < other ? -1 : 1));

type Order = Pick<JobEntry | Schedule, 'kind' | 'args'>;

function isSame(order: Order, { spec, args }: Asked): boolean {
  const [known, asked] = [inOrder(order.args), inOrder(args)].map((all) => JSON.stringify(all));
  return order.kind === spec.name && known === asked;
}

function isSameSchedule(schedule: Schedule, asked: Asked): boolean {
  const { when } = asked.clauses;
  return when?.kind === 'every' && when.cron === schedule.cron && isSame(schedule, asked);
}
