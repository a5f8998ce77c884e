import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { now, type Random, type Requester } from '@heavylift/testbed';
import { isXmppError } from '@heavylift/xmpp-pubsub';
import type { Recorder } from './history.js';

export interface LoadOptions {
  readonly requester: Requester;
  readonly recorder: Recorder;
  readonly random: Random;
  /** Requests a second. */
  readonly rate: number;
  readonly signal: AbortSignal;
}

/** Asks for jobs at a steady rate until the signal aborts: most are short, some take seconds, some fail once or for good. */
export async function load({ requester, recorder, random, rate, signal }: LoadOptions) {
  const began = now();
  for (let count = 0; !signal.aborted; count += 1) {
    const due = began + (count / rate) * 1_000;
    await sleep(Math.max(0, due - now()), undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await ask(requester, recorder, anyJob(random));
  }
}

/** Asks for one job. */
export async function ask(requester: Requester, recorder: Recorder, job: string): Promise<void> {
  const request = randomUUID();
  const text = `${job} request=${request}`;
  try {
    // Before it is sent: the answer may be quicker than we.
    recorder.note({ type: 'asked', at: now(), request, text });
    await requester.ask(text, request);
  } catch (error) {
    if (!isXmppError(error)) throw error;
    recorder.note({ type: 'answered', at: now(), request, text: `not sent: ${error.code}` });
  }
}

function anyJob(random: Random): string {
  const draw = random.next();
  if (draw < 0.03) return `work ms=${random.integer(2_000, 6_000)} fail=0`;
  if (draw < 0.1) return `work ms=${random.integer(5, 50)} fail=1`;
  if (draw < 0.12) return 'work ms=5 fail=9';
  return `work ms=${random.integer(1, 150)} fail=0`;
}
