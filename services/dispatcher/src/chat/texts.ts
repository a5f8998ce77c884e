import { durationText, type SystemState } from '@heavylift/jobs';
import type { Condition } from '../policy/conditions.js';

/** What the bot says, in one place. `#7` is how people name a job. */
export const texts = {
  scheduled: (title: string, number: number) => `Scheduled ${title}... #${number}`,
  scheduledAgain: (title: string, number: number, failed: number) =>
    `Scheduled ${title}... #${number} (#${failed} once more)`,
  waits: (scheduled: string, reason: string) => `${scheduled} (it waits ${reason})`,
  isRetried: (failed: number, number: number) =>
    `There is #${number} for it already: #${failed} is not run again.`,
  alreadyScheduled: (title: string, number: number, about: readonly string[] = []) =>
    `That ${title} is scheduled already: #${number}${about.length === 0 ? '' : ` (${about.join('; ')})`}`,
  submissionTaken: (submission: string, taken: string) =>
    `"${echo(submission)}" is the name of ${taken} already, which is not the same. Give this one a name of its own.`,
  scheduleMade: (title: string, number: number, cron: string, zone: string, nextInMs: number) =>
    `Scheduled ${title} every "${cron}" (${zone}): schedule ${number}, next in ${durationText(nextInMs)}`,
  unknown: (command: string, nearMiss?: string) =>
    nearMiss === undefined
      ? `Dunno how to ${command}`
      : `Dunno how to ${command}. Did you mean ${nearMiss}?`,
  missing: (command: string, lifter: string, agoMs: number) =>
    `No lifter has \`${command}\` now; last seen ${durationText(agoMs)} ago on ${lifter}.`,
  givingUp: (answer: string) =>
    `${answer}\nI say no more until you write something that I know. Try help.`,
  unreadable: (problem: string) => `I can't read that: ${cut(problem)}.`,
  wrongArguments: (problem: string, usage: string) => `${problem}. Usage: ${usage}`,
  encrypted: 'I can only read messages without encryption. Please switch it off for this chat.',
  tooOld: (text: string, ageMs: number) =>
    `You wrote this ${durationText(ageMs)} ago, while I was away: "${text}". Send it again if you still want it.`,
  notObeyedLate: (text: string, at: Date, ageMs: number) =>
    `You wrote "${text}" at ${timeText(at)} (${durationText(ageMs)} ago), while I was away. I have not obeyed it. Say it again if you still want it.`,
  amended: (number: number, line: string) => `#${number} is changed: ${line}`,
  staysAsItWas: (why: string, number: number) => `${why} #${number} stays as it was.`,
  correctedToNothing: (text: string, number: number) =>
    `"${text}" is no job, so #${number} stays as it was. Say "cancel ${number}" if it is not wanted.`,
  tooLateToCorrect: (number: number) =>
    `Too late to correct that: #${number} has started. Say "cancel ${number}" to end it.`,
  overAndNotCorrected: (number: number) => `Too late to correct that: #${number} is over.`,
  tooLateToRetract: (number: number) =>
    `Too late to take that back: #${number} has started. Say "cancel ${number}" to end it.`,
  overAndNotRetracted: (number: number) => `Too late to take that back: #${number} is over.`,
  scheduleStays: (number: number) =>
    `Schedule ${number} stays as it was. Say "unschedule ${number}" if it is not wanted.`,
  doneAlready: 'Too late: that has been done.',
  correctsUnknown:
    'I do not know any more what came of the message that you have corrected. If you want this done, send it as a new message.',
  slowDown: 'Slow down, please: that is more than I take from one person. I am silent for a while.',
  mayNot: (what: string) => `Only an administrator may ${what}.`,
  notYours: (what: string) => `That is not yours: only an administrator may ${what}.`,
  denied: (what: string, reason?: string) =>
    reason === undefined ? `You may not ${what}.` : `You may not ${what}. ${reason}`,
  deniedArguments: (what: string, argument: string, condition: Condition) =>
    `You may not ${what} like that: ${argument} has to be ${conditionText(condition)}.`,
  stranger: 'I only work for people of this server.',
  impossible: (reason: string) => `I can't do that: ${cut(reason)}.`,
  starting: 'I am just starting. Please try again in a few seconds.',
  startingStatus: 'starting',
  standingBy: 'standing by',
  broken:
    'Something went wrong with that. Please try again; if it stays so, tell an administrator.',
  unsure:
    'Another dispatcher took over just now, so I do not know whether that was done. See "jobs" or "schedules", and ask again if not.',
  noJob: (number: number) => `I know no job #${number}.`,
  noSchedule: (number: number) => `I know no schedule ${number}.`,
  noJobs: 'You have no jobs.',
  noneFailed: 'No job of yours has failed.',
  noneFailedOfAnybody: 'No job has failed.',
  nobodysJobs: 'Nobody has jobs.',
  noSchedules: 'You have no schedules.',
  nobodysSchedules: 'Nobody has schedules.',
  noLifters: 'No lifter is there.',
  willNotRun: (number: number) => `#${number} will not run.`,
  cancelRequested: (number: number) => `I told the lifter to end #${number}.`,
  isOver: (number: number) => `#${number} is over already.`,
  hasNotFailed: (number: number) =>
    `#${number} has not failed. Only a job that failed for good can be run again.`,
  unscheduled: (number: number) => `Schedule ${number} is off.`,
  goodbye: 'Bye.',
  goodbyeAll: (others: number) =>
    others === 0
      ? 'Bye. Nobody else is there.'
      : `Bye. ${others === 1 ? '1 other stops' : `${others} others stop`}, too.`,
  down: 'down',
} as const;

/** `2026-11-28 10:05 UTC`. */
const timeText = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The longest part of a person's own words that an answer repeats. */
const longestEcho = 100;

/** A sentence that may have somebody's own words in it. */
const cut = (text: string): string => (text.length <= 400 ? text : `${text.slice(0, 400)}…`);

/** What was typed, short enough to be said back in one line. */
export function echo(text: string): string {
  const line = text.trim().replace(/\s+/gu, ' ');
  const characters = [...line];
  return characters.length <= longestEcho ? line : `${characters.slice(0, longestEcho).join('')}…`;
}

/** `2 lifters, 3 of 8 slots busy, 0 waiting`: the bot's presence status. */
export function systemStatus({ lifters, slots, busy, waiting }: SystemState): string {
  const who = lifters === 1 ? '1 lifter' : `${lifters} lifters`;
  return `${who}, ${busy} of ${slots} slots busy, ${waiting} waiting`;
}

function conditionText(condition: Condition): string {
  if ('oneOf' in condition) return condition.oneOf.join(' or ');
  const { min, max } = condition;
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
  return min === undefined ? `at most ${max}` : `at least ${min}`;
}
