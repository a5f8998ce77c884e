import { durationText, type HandlerSpec, type Target, uniqueKeyOf } from '@heavylift/jobs';
import type { RunRequest } from '../desk.js';
import type { Amendment } from '../scheduler/types.js';
import { nextTimeOfDay } from '../schedules/clock.js';

/** What of a job follows from what was asked for, and when that was said. */
export type Wanted = Amendment;

/** @param now as the scheduler's clock has it; what was asked for is meant from when it was said */
export function wantedOf(
  { spec, args, clauses, saidAt }: Pick<RunRequest, 'spec' | 'args' | 'clauses' | 'saidAt'>,
  timeZone: string,
  now: number,
): Wanted {
  const { when, withinMs, priority = 0 } = clauses;
  // So long from now, by whatever clock.
  const wall = Date.now();
  const said = Math.min(saidAt ?? wall, wall);
  const fromNow = (at: number) => now + at - wall;
  const start = when && when.kind !== 'every' ? startOf(when, timeZone, said) : undefined;
  const uniqueKey = uniqueKeyOf(spec, args);
  return {
    ...kindOf(spec),
    args,
    priority,
    target: targetOf(clauses),
    ...(start !== undefined && { notBefore: fromNow(start) }),
    ...(withinMs !== undefined && { deadline: fromNow(said + withinMs) }),
    ...((start ?? withinMs) !== undefined && { asOf: now }),
    ...(uniqueKey !== undefined && { uniqueKey }),
  };
}

/** What has to be done before it may start, or by a time that has passed, can only expire. */
export function problemWithDeadline(
  { notBefore, deadline }: Pick<Wanted, 'notBefore' | 'deadline'>,
  now: number,
): string | undefined {
  if (deadline === undefined) return undefined;
  if (deadline <= now) return 'it was to be done by a time that has passed';
  if (notBefore === undefined || notBefore < deadline) return undefined;
  const [start, limit] = [durationText(notBefore - now), durationText(deadline - now)];
  return `it would start in ${start}, and has to be done within ${limit}`;
}

/** What every job of the handler has in common. */
export function kindOf({ name, timeoutMs, maxAttempts }: HandlerSpec) {
  return { kind: name, timeoutMs, maxAttempts };
}

export function targetOf({ target }: RunRequest['clauses']): Target {
  if (target === undefined) return { type: 'any' };
  return target.kind === 'all' ? { type: 'all' } : { type: 'lifter', name: target.name };
}

type Start = Exclude<NonNullable<RunRequest['clauses']['when']>, { kind: 'every' }>;

function startOf(when: Start, timeZone: string, said: number): number {
  return when.kind === 'in' ? said + when.ms : nextTimeOfDay(when, timeZone, said);
}
