import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Jobs } from '@heavylift/job-client';
import { now, type Random, type Requester } from '@heavylift/testbed';
import { isXmppError } from '@heavylift/xmpp-pubsub';
import type { Recorder } from './history.js';
import { type Order, orderJobs } from './program.js';

export interface LoadOptions {
  readonly requester: Requester;
  /** Asks for a part of the jobs. */
  readonly program: Jobs;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Numbers of accepted jobs by their requests, as they become known. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Requests a second. */
  readonly rate: number;
  readonly signal: AbortSignal;
}

const ordersAtOnce = 8;

/**
 * Asks for jobs at a steady rate until the signal aborts: most are short, some take seconds, some fail once or for good, and of the
 * long ones every other is cancelled. Some are to start later, to be done soon or not at all, by all lifters, or one at a time. Of eight requests one is a program's, for eight jobs at a time, so that it has half of all.
 */
export async function load(options: LoadOptions): Promise<void> {
  const { requester, program, recorder, random, numbers, rate, signal } = options;
  const unwanted = new Set<string>();
  const began = now();
  for (let count = 0; !signal.aborted; count += 1) {
    const due = began + (count / rate) * 1_000;
    await sleep(Math.max(0, due - now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (random.chance(1 / 8)) {
      orderJobs(program, recorder, severalJobs(random));
      // They are as many as would have been asked for one by one.
      count += ordersAtOnce - 1;
      continue;
    }
    const job = anyJob(random);
    const request = await ask(requester, recorder, job.text, anyClause(random));
    if (job.isLong && random.chance(0.5)) unwanted.add(request);
    for (const each of unwanted) {
      const number = numbers.get(each);
      if (number === undefined || !random.chance(0.1)) continue;
      unwanted.delete(each);
      await say(requester, recorder, `cancel ${number}`, randomUUID());
    }
  }
}

/**
 * Asks for one job.
 * @param clause what stands behind the command, with a space before it
 * @returns the request's id, which is an argument of the job too
 */
export async function ask(
  requester: Requester,
  recorder: Recorder,
  job: string,
  clause = '',
): Promise<string> {
  const request = randomUUID();
  await say(requester, recorder, `${job} request=${request}${clause}`, request);
  return request;
}

async function say(
  requester: Requester,
  recorder: Recorder,
  text: string,
  request: string,
): Promise<void> {
  // Before it is sent: the answer may be quicker than we.
  recorder.note({ type: 'asked', at: now(), request, text });
  try {
    await requester.ask(text, request);
  } catch (error) {
    if (!isXmppError(error)) throw error;
    recorder.note({ type: 'answered', at: now(), request, text: `not sent: ${error.code}` });
  }
}

/** How long it takes, in milliseconds, and how often it fails. */
interface Work {
  readonly ms: number;
  readonly fail: number;
}

function anyJob(random: Random): { readonly text: string; readonly isLong: boolean } {
  const draw = random.next();
  const isLong = draw < 0.04;
  const { ms, fail } = isLong
    ? { ms: random.integer(2_000, 6_000), fail: 0 }
    : anyShortJob(draw, random);
  return { text: `${anyHandler(random)} ms=${ms} fail=${fail}`, isLong };
}

function anyHandler(random: Random): string {
  return random.chance(0.05) ? `unique key=${random.integer(1, 3)}` : 'work';
}

/** When, where and until when. What is too late is told as well. */
function anyClause(random: Random): string {
  const draw = random.next();
  if (draw < 0.04) return ' in 2s';
  if (draw < 0.08) return ' within 3s';
  if (draw < 0.1) return ' on all';
  return draw < 0.14 ? ` priority ${random.integer(-100, 100)}` : '';
}

function anyShortJob(draw: number, random: Random): Work {
  if (draw < 0.1) return { ms: random.integer(5, 50), fail: 1 };
  if (draw < 0.12) return { ms: 5, fail: 9 };
  return { ms: random.integer(1, 150), fail: 0 };
}

function severalJobs(random: Random): Order[] {
  return Array.from({ length: ordersAtOnce }, () => ({
    request: randomUUID(),
    ...anyShortJob(random.next(), random),
  }));
}
