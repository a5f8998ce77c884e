import {
  durationText,
  type HandlerSpec,
  type JobEntry,
  type JsonObject,
  type LifterLoad,
  type Progress,
  requesterKey,
} from '@heavylift/jobs';
import type { JobView, ScheduleView } from '../desk.js';
import { lifterName } from '../scheduler/lifters.js';
import { usageOf } from './arguments.js';
import { echo } from './texts.js';

export const clausesHelp =
  'Behind a command may stand when, where and how urgently: in 10m | at 18:00 | every "0 6 * * *" | on LIFTER | on all | within 1h | priority -100 to 100';

/** What `help NAME` says. */
export function describeCommand(spec: Pick<HandlerSpec, 'name' | 'summary' | 'fields'>): string {
  const fields = spec.fields.map(
    ({ name, description }) => `  ${name}${description === undefined ? '' : `: ${description}`}`,
  );
  return [`${usageOf(spec)}: ${spec.summary}`, ...fields].join('\n');
}

export type JobState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired';

export function stateOf({ entry, result }: JobView): JobState {
  if (result !== undefined) return result.status;
  return entry.state.type === 'assigned' ? 'running' : 'waiting';
}

/** `#7 lift count=5: runs on lifter-1 for 8 s`. */
export function describeJob(view: JobView, now: number, withOwner = false): string {
  const { number, kind, args, requester } = view.entry;
  const owner = withOwner ? ` (${requesterKey(requester)})` : '';
  return `#${number} ${commandLine(kind, args)}${owner}: ${describeState(view, now)}`;
}

/** As {@link describeJob}, and a line for each attempt before that came to nothing. */
export function describeJobWithAttempts(view: JobView, now: number, withOwner: boolean): string {
  const { failures } = view.result ?? view.entry;
  const lines = failures.map(
    ({ attempt, lifter, at, error }) =>
      `  attempt ${attempt} on ${lifterName(lifter)}, ${durationText(now - at)} ago: ${echo(error.message)}`,
  );
  return [describeJob(view, now, withOwner), ...lines].join('\n');
}

function describeState(view: JobView, now: number): string {
  const untold = view.isUntold === true ? '; its requester has not been told yet' : '';
  return describeProgress(view, now) + untold;
}

function describeProgress(view: JobView, now: number): string {
  const { entry, result, waitsFor, progress, retriedAs } = view;
  if (result !== undefined) {
    const ago = `${durationText(now - result.finished)} ago`;
    switch (result.status) {
      case 'succeeded':
        return `done ${ago}`;
      case 'failed':
        return `failed ${ago}${afterAttempts(result.failures.length + 1)}: ${echo(result.error.message)}${runAgainAs(retriedAs)}`;
      case 'cancelled':
        return `cancelled ${ago}`;
      case 'expired':
        return `not done by its deadline, ${ago}`;
    }
  }
  const { state } = entry;
  if (state.type === 'pending') return `waits ${waitsFor ?? 'for a lifter'}`;
  const ending = entry.cancelRequested === undefined ? '' : ', to be ended';
  return `runs on ${lifterName(state.lifter)} for ${durationText(now - state.since)}${attempt(entry)}${howFar(progress)}${ending}`;
}

function howFar(progress: Progress | undefined): string {
  if (progress === undefined) return '';
  const { done, total, note } = progress;
  const part = total === undefined ? `${done}` : `${done} of ${total}`;
  return `, ${part}${note === undefined ? '' : ` (${echo(note)})`}`;
}

const runAgainAs = (number: number | undefined) =>
  number === undefined ? '' : `; it has been run again as #${number}`;

const afterAttempts = (attempts: number) => (attempts === 1 ? '' : ` after ${attempts} attempts`);

function attempt({ attempt: run, stalls, maxAttempts }: JobEntry): string {
  return run === 1 ? '' : `, attempt ${run - stalls} of ${maxAttempts}`;
}

export function describeLifter({ name, slots, busy, draining, handlers }: LifterLoad): string {
  const state = draining ? ', shutting down' : '';
  return `${name}: ${busy} of ${slots} slots busy${state}; ${[...handlers].sort().join(', ')}`;
}

export function describeSchedule(view: ScheduleView, now: number, withOwner = false): string {
  const { number, kind, args, cron, timeZone, requester, withinMs } = view.schedule;
  const owner = withOwner ? ` (${echo(requesterKey(requester))})` : '';
  const within = withinMs === undefined ? '' : ` within ${durationText(withinMs)}`;
  const when = `every "${echo(cron)}" (${echo(timeZone)})${within}`;
  return `${number}: ${commandLine(kind, args)} ${when}${owner}, ${describeNext(view, now)}`;
}

function describeNext({ next, problem }: ScheduleView, now: number): string {
  if (problem !== undefined) return `cannot run: ${problem}`;
  return next === undefined ? 'never again' : `next in ${durationText(next - now)}`;
}

export function commandLine(kind: string, args: JsonObject): string {
  const given = Object.entries(args).map(([name, value]) => `${name}=${String(value)}`);
  return echo([kind, ...given].join(' '));
}
