import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EjabberdServer } from '@heavylift/ejabberd';
import { decodeJobMark, type JobMark } from '@heavylift/jobs';
import { type Provisioned, type ServiceRole, serviceEnv } from '@heavylift/provision';
import { createRequester, type SupervisedService, supervise } from '@heavylift/testbed';
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
  say(text: string): Promise<void>;
  /** Every state that was told of each job, progress once, in order. */
  readonly told: ReadonlyMap<string, readonly string[]>;
  stop(): Promise<void>;
}

export async function logIn(
  { service, domain }: EjabberdServer,
  bot: string,
  user: { readonly username: string; readonly password: string },
): Promise<User> {
  const accepted = new Map<string, JobMark>();
  const told = new Map<string, string[]>();
  const requester = createRequester({
    session: { service, domain, ...user, tls: { allowPlaintextOnLoopback: true } },
    bot,
    onAnswered({ request, job }) {
      if (request !== undefined && job !== undefined) accepted.set(request, job);
    },
    onTold: ({ job }) => put(job),
  });
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
  return {
    async ask(text) {
      const request = await requester.ask(text);
      return vi.waitUntil(() => accepted.get(request), waiting);
    },
    async say(text) {
      await requester.ask(text);
    },
    told,
    stop: () => requester.stop(),
  };
}
