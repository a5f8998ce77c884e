import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EjabberdServer } from '@heavylift/ejabberd';
import { decodeJobMark, type JobMark } from '@heavylift/jobs';
import { type Provisioned, type ServiceRole, serviceEnv } from '@heavylift/provision';
import {
  type Answer,
  createRequester,
  type SupervisedService,
  supervise,
} from '@heavylift/testbed';
import { expect, vi } from 'vitest';

/** Generous: machines may be busy. */
export const waiting = { timeout: 60_000, interval: 50 };

/** One process of a service, of one release or another. */
export interface Seat {
  /** Ends the process in order, as an operator would, and starts one of another release. Waits until that one is ready. */
  fill(main: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param dir gets a log of each process */
export function seat(
  dir: string,
  provisioned: Provisioned,
  role: ServiceRole,
  index: number,
): Seat {
  let current: SupervisedService | undefined;
  let count = 0;
  /** How its processes have ended. */
  const ends: string[] = [];

  async function stop(): Promise<void> {
    if (current === undefined) return;
    await current.stop();
    current = undefined;
    // Once, and because it was asked to.
    expect(ends.splice(0)).toEqual(['exit code 0']);
  }

  return {
    async fill(main) {
      await stop();
      count += 1;
      const logFile = join(dir, `${role}-${index + 1}-${count}.log`);
      current = await supervise({
        name: `${role}-${index + 1}`,
        main,
        env: {
          ...serviceEnv(provisioned, role, index, { slots: 8 }),
          HEALTH_PORT: '0',
          // One person asks for more than a person would, and is told to slow down otherwise.
          ...(role === 'dispatcher' && { DISPATCHER_MESSAGES_PER_SECOND: '100' }),
          ...(role === 'lifter' && {
            LIFTER_HANDLERS: fileURLToPath(new URL('../support/work.mjs', import.meta.url)),
            LIFTER_DRAIN_SECONDS: '20',
            RUNS: join(dir, 'runs'),
          }),
        },
        logFile,
        graceMs: 40_000,
        onEnded: (_, how) => ends.push(how),
      });
      await vi.waitFor(async () => expect(await readiness(logFile)).toBe('ready'), waiting);
    },
    stop,
  };
}

/** @returns `ready`, or what the process said last */
async function readiness(logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8');
  const url = /"url":"([^"]+)"/.exec(log)?.[1];
  return url !== undefined && (await fetch(`${url}/readyz`)).ok ? 'ready' : log.slice(-2_000);
}

/** A user, and all that the bot told them. */
export interface User {
  /** @returns the job, once the bot has accepted it */
  ask(text: string): Promise<JobMark>;
  /** @returns what the bot answered */
  say(text: string): Promise<string>;
  /** Every state that was told of each job, progress once, in order. */
  readonly told: ReadonlyMap<string, readonly string[]>;
  stop(): Promise<void>;
}

/** When somebody without an answer writes the same once more, in milliseconds. */
const patience = 10_000;

export async function logIn(
  { service, domain }: EjabberdServer,
  bot: string,
  user: { readonly username: string; readonly password: string },
): Promise<User> {
  const answers = new Map<string, Answer>();
  const told = new Map<string, string[]>();
  const requester = createRequester({
    session: { service, domain, ...user, tls: { allowPlaintextOnLoopback: true } },
    bot,
    onAnswered: hear,
    onTold(outcome) {
      hear(outcome);
      put(outcome.job);
    },
  });
  function hear(answer: Answer): void {
    if (answer.request !== undefined) answers.set(answer.request, answer);
  }
  function put({ id, state }: JobMark): void {
    const states = told.get(id) ?? [];
    told.set(id, states);
    if (state !== 'progress' || !states.includes(state)) states.push(state);
  }
  requester.session.on('stanza', (stanza) => {
    const mark = decodeJobMark(stanza);
    if (mark?.state === 'progress') put(mark);
  });
  await requester.session.start();

  /** The bot promises nothing before it has answered: a message may go down with the process that was given it. */
  async function answerTo(text: string): Promise<Answer> {
    const request = randomUUID();
    const again = { timeout: waiting.timeout, interval: patience };
    return vi.waitFor(async () => {
      // The same message, by its id, is one job however often it is sent.
      await requester.ask(text, request);
      const answered = { timeout: patience - 1_000, interval: waiting.interval };
      return await vi.waitUntil(() => answers.get(request), answered);
    }, again);
  }

  return {
    async ask(text) {
      const { job, text: answer } = await answerTo(text);
      if (job === undefined) throw new Error(`"${text}" was not accepted: ${answer}`);
      return job;
    },
    say: async (text) => (await answerTo(text)).text,
    told,
    stop: () => requester.stop(),
  };
}
