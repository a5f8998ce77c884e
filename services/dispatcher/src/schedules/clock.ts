import type { Instant } from '@heavylift/jobs';
import { Cron } from 'croner';

/**
 * The first time after `after` that the cron expression names; undefined if there is none.
 * @throws Error that says what is wrong with the expression or the time zone
 */
export function nextRun(cron: string, timeZone: string, after: Instant): Instant | undefined {
  const next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(after));
  return next?.getTime();
}

/** The next time that clocks in the zone show the hour and minute. */
export function nextTimeOfDay(
  { hour, minute }: { readonly hour: number; readonly minute: number },
  timeZone: string,
  now: Instant,
): Instant {
  // There is one within two days, whatever the zone does with its clocks.
  return nextRun(`0 ${minute} ${hour} * * *`, timeZone, now) ?? now;
}

/** What is wrong with it, in words; undefined if nothing is. */
export function problemWithCron(cron: string, timeZone: string, now: Instant): string | undefined {
  try {
    return nextRun(cron, timeZone, now) === undefined ? 'it never comes' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
