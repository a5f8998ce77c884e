import {
  type HandlerSpec,
  type JsonObject,
  type ReservedName,
  requesterKey,
} from '@heavylift/jobs';
import type { Desk, JobView } from '../desk.js';
import { type Action, type Decision, decide, type Policy } from '../policy/policy.js';
import { type Answer, no, refusalOf } from './answer.js';
import {
  describeJob,
  describeJobWithAttempts,
  describeLifter,
  describeSchedule,
  stateOf,
} from './describe.js';
import { jobFields } from './job-fields.js';
import { cutLines, cutRows, longestList } from './lists.js';
import { echo, systemStatus, texts } from './texts.js';

export interface BuiltInPorts {
  /** Undefined while no term is on. */
  readonly desk: () => Desk | undefined;
  readonly policy: () => Policy;
  /** Ends this dispatcher. */
  readonly shutdown: (reason: string) => void;
  /** Tells all others to end, on behalf of a bare JID; how many there are. */
  readonly shutdownOthers: (by: string) => number;
  readonly now: () => number;
  readonly version: string;
}

/** A command that is the dispatcher's own. */
export interface BuiltIn {
  readonly spec: Pick<HandlerSpec, 'name' | 'title' | 'summary' | 'fields'>;
  /** It changes something and means now: not obeyed if it comes late. */
  readonly isDeed: boolean;
  /** @param who bare JID of who asks; that they may run the command at all has been decided */
  readonly run: (who: string, args: JsonObject) => Promise<Answer>;
}

const deeds: ReadonlySet<string> = new Set(['cancel', 'retry', 'unschedule', 'exit']);

const numberField = (name: 'job' | 'schedule', required = true): HandlerSpec['fields'][number] => ({
  name,
  type: 'integer',
  required,
  range: { min: 1 },
  description: `its number, such as 7${name === 'job' ? ' or #7' : ''}`,
});
const allField: HandlerSpec['fields'][number] = {
  name: 'all',
  type: 'choice',
  required: false,
  options: [{ value: 'all' }],
};

/** The commands that are there without any lifter, by name; `help` is the conversation's own. */
export function createBuiltIns(ports: BuiltInPorts): ReadonlyMap<string, BuiltIn> {
  const { now } = ports;
  const may = (who: string, action: Action): Decision => decide(ports.policy(), who, action);

  const atDesk = async (ask: (desk: Desk) => Promise<Answer> | Answer): Promise<Answer> => {
    const desk = ports.desk();
    return desk === undefined ? no('resource-constraint', texts.starting) : ask(desk);
  };

  function refusedAsOthers(who: string, command: string, owner: string, what: string) {
    return refusalOf(may(who, { command, owner }), what);
  }

  const listRefusal = (who: string, command: string, all: boolean, what: string) =>
    all ? refusedAsOthers(who, command, '', what) : undefined;

  /** A dispatcher remembers the last jobs that ended; the node of failed jobs has those of long ago, and whether one has been retried. */
  async function jobOf(desk: Desk, number: number): Promise<JobView | undefined> {
    const view = desk.job(number);
    if (view === undefined) return desk.failed(number);
    if (view.result?.status !== 'failed') return view;
    return (await desk.failed(number).catch(() => undefined)) ?? view;
  }

  async function status(who: string, { job: number }: JsonObject): Promise<Answer> {
    return atDesk(async (desk) => {
      if (typeof number !== 'number') return systemAnswer(desk, who);
      const view = await jobOf(desk, number);
      if (view === undefined) return no('item-not-found', texts.noJob(number));
      const owner = requesterKey(view.entry.requester);
      return (
        refusedAsOthers(who, 'status', owner, `look at #${number}`) ?? {
          body: describeJobWithAttempts(view, now(), owner !== who),
          job: { id: view.entry.id, number, state: view.result?.status ?? 'scheduled' },
          fields: jobFields(view),
        }
      );
    });
  }

  function systemAnswer(desk: Desk, who: string): Answer {
    const counts = desk.counts();
    const open: string[] = [];
    for (const { entry, result } of desk.jobs()) {
      if (result === undefined && requesterKey(entry.requester) === who)
        open.push(`#${entry.number}`);
      if (open.length > longestList) break;
    }
    const shown = open.slice(0, longestList).join(', ');
    const yours =
      open.length === 0 ? '' : `. Yours: ${shown}${open.length > longestList ? ', …' : ''}`;
    const { lifters, slots, busy, waiting } = counts;
    return { body: systemStatus(counts) + yours, fields: { lifters, slots, busy, waiting } };
  }

  /** Lists the newest of them: everybody's or those of who asks. */
  function listOf(
    views: Iterable<JobView>,
    who: string,
    everybodys: boolean,
    none: string,
  ): Answer {
    const wanted: JobView[] = [];
    for (const view of views) {
      if (everybodys || requesterKey(view.entry.requester) === who) wanted.push(view);
      if (wanted.length > longestList) break;
    }
    const shown = wanted.slice(0, longestList);
    const rest = wanted.length > longestList ? ['… and older ones'] : [];
    const lines = [...shown.map((view) => describeJob(view, now(), everybodys)), ...rest];
    return {
      body: lines.length === 0 ? none : lines.join('\n'),
      table: {
        columns: ['job-id', 'number', 'kind', 'state'],
        rows: shown.map((view) => {
          const { id, number, kind } = view.entry;
          return [id, String(number), kind, stateOf(view)];
        }),
      },
    };
  }

  async function jobs(who: string, { all }: JsonObject): Promise<Answer> {
    const everybodys = all !== undefined;
    return atDesk(
      (desk) =>
        listRefusal(who, 'jobs', everybodys, "see everybody's jobs") ??
        listOf(desk.jobs(), who, everybodys, everybodys ? texts.nobodysJobs : texts.noJobs),
    );
  }

  async function failed(who: string, { all }: JsonObject): Promise<Answer> {
    const everybodys = all !== undefined;
    const none = everybodys ? texts.noneFailedOfAnybody : texts.noneFailed;
    return atDesk(
      async (desk) =>
        listRefusal(who, 'failed', everybodys, "see everybody's jobs") ??
        listOf(await desk.allFailed(), who, everybodys, none),
    );
  }

  async function lifters(): Promise<Answer> {
    return atDesk((desk) => {
      const present = desk.lifters();
      return {
        body:
          present.length === 0 ? texts.noLifters : cutLines(present.map(describeLifter)).join('\n'),
        table: {
          columns: ['name', 'busy', 'slots', 'draining', 'handlers'],
          rows: cutRows(
            present.map(({ name, busy, slots, draining, handlers }) => [
              name,
              String(busy),
              String(slots),
              String(draining),
              [...handlers].sort().join(' '),
            ]),
          ),
        },
      };
    });
  }

  async function cancel(who: string, { job: number }: JsonObject): Promise<Answer> {
    return atDesk(async (desk) => {
      if (typeof number !== 'number') return no('bad-request', texts.unreadable('no number'));
      const view = await jobOf(desk, number);
      if (view === undefined) return no('item-not-found', texts.noJob(number));
      const owner = requesterKey(view.entry.requester);
      const refusal = refusedAsOthers(who, 'cancel', owner, `cancel #${number}`);
      if (refusal !== undefined) return refusal;
      const kind = view.result === undefined ? (await desk.cancel(number, who)).kind : 'over';
      const fields = { 'job-id': view.entry.id, number, outcome: kind };
      switch (kind) {
        case 'cancelled':
          return { body: texts.willNotRun(number), fields };
        case 'requested':
          return { body: texts.cancelRequested(number), fields };
        case 'over':
          return { body: texts.isOver(number), fields };
        case 'unknown':
          return no('item-not-found', texts.noJob(number));
      }
    });
  }

  async function retry(who: string, { job: number }: JsonObject): Promise<Answer> {
    return atDesk(async (desk) => {
      if (typeof number !== 'number') return no('bad-request', texts.unreadable('no number'));
      const view = await jobOf(desk, number);
      if (view === undefined) return no('item-not-found', texts.noJob(number));
      const owner = requesterKey(view.entry.requester);
      const refusal = refusedAsOthers(who, 'retry', owner, `run #${number} again`);
      if (refusal !== undefined) return refusal;
      const answer = await desk.retry(number);
      switch (answer.kind) {
        case 'accepted': {
          const { entry, waitsFor } = answer;
          const title = desk.specs.get(entry.kind)?.title ?? entry.kind;
          const scheduled = texts.scheduledAgain(title, entry.number, number);
          return {
            body: waitsFor === undefined ? scheduled : texts.waits(scheduled, waitsFor),
            job: { id: entry.id, number: entry.number, state: 'scheduled' },
            fields: { 'job-id': entry.id, number: entry.number },
          };
        }
        case 'duplicate':
          return {
            body: texts.isRetried(number, answer.number),
            fields: { 'job-id': answer.job, number: answer.number },
          };
        case 'refused':
          return no('resource-constraint', answer.text);
        case 'impossible':
          return no('not-acceptable', texts.impossible(answer.reason));
        case 'not-failed':
          return no('not-acceptable', texts.hasNotFailed(number));
        case 'unknown':
          return no('item-not-found', texts.noJob(number));
      }
    });
  }

  async function schedules(who: string, { all }: JsonObject): Promise<Answer> {
    return atDesk((desk) => {
      const everybodys = all !== undefined;
      const refusal = listRefusal(who, 'schedules', everybodys, "see everybody's schedules");
      if (refusal !== undefined) return refusal;
      const views = desk
        .schedules()
        .filter(({ schedule }) => everybodys || requesterKey(schedule.requester) === who);
      const lines = views
        .slice(0, longestList)
        .map((view) => describeSchedule(view, now(), everybodys));
      const none = everybodys ? texts.nobodysSchedules : texts.noSchedules;
      return {
        body: cutLines(lines, views.length).join('\n') || none,
        table: {
          columns: ['number', 'kind', 'cron', 'time-zone'],
          rows: cutRows(
            views.map(({ schedule: { number, kind, cron, timeZone } }) => [
              String(number),
              kind,
              echo(cron),
              echo(timeZone),
            ]),
          ),
        },
      };
    });
  }

  async function unschedule(who: string, { schedule: number }: JsonObject): Promise<Answer> {
    return atDesk(async (desk) => {
      if (typeof number !== 'number') return no('bad-request', texts.unreadable('no number'));
      const view = desk.schedules().find(({ schedule }) => schedule.number === number);
      if (view === undefined) return no('item-not-found', texts.noSchedule(number));
      const owner = requesterKey(view.schedule.requester);
      const refusal = refusedAsOthers(who, 'unschedule', owner, `take off schedule ${number}`);
      if (refusal !== undefined) return refusal;
      if (!(await desk.unschedule(number))) return no('item-not-found', texts.noSchedule(number));
      return { body: texts.unscheduled(number), fields: { number } };
    });
  }

  async function exit(who: string, { all }: JsonObject): Promise<Answer> {
    const afterwards = () => ports.shutdown(`${who} said exit`);
    if (all === undefined) return { body: texts.goodbye, afterwards };
    return { body: texts.goodbyeAll(ports.shutdownOthers(who)), afterwards };
  }

  const version = async (): Promise<Answer> => ({
    body: `Heavylift ${ports.version}`,
    fields: { version: ports.version },
  });

  // No handler can be called so.
  const command = (
    name: ReservedName,
    title: string,
    summary: string,
    fields: HandlerSpec['fields'],
    run: BuiltIn['run'],
  ): [string, BuiltIn] => [
    name,
    { spec: { name, title, summary, fields }, isDeed: deeds.has(name), run },
  ];

  return new Map([
    command(
      'status',
      'Status',
      'how the system stands, or a job',
      [numberField('job', false)],
      status,
    ),
    command('jobs', 'Jobs', "your jobs, or everybody's", [allField], jobs),
    command('failed', 'Failed jobs', "your jobs that failed, or everybody's", [allField], failed),
    command('lifters', 'Lifters', 'who does the work', [], lifters),
    command('cancel', 'Cancel a job', 'ends a job', [numberField('job')], cancel),
    command('retry', 'Retry a job', 'runs a failed job again', [numberField('job')], retry),
    command('schedules', 'Schedules', 'what runs again and again', [allField], schedules),
    command(
      'unschedule',
      'Unschedule',
      'takes a schedule off',
      [numberField('schedule')],
      unschedule,
    ),
    command('version', 'Version', 'which version I am', [], version),
    command('exit', 'Exit', 'stops me, or all of us', [allField], exit),
  ]);
}
