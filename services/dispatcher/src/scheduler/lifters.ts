import type { Instant, JobId, LifterAnnouncement, LifterLoad, LifterReport } from '@heavylift/jobs';
import { accountOf, readJid } from '@heavylift/xmpp-pubsub';

/** Who lifts, and what they have in hand. A lifter is one incarnation of a process, known by its full JID. */
export interface LifterRegistry {
  /** Those that are online, for giving them jobs. */
  live(): LifterLoad[];
  /** All that are known, for comparing what they run with the ledger. */
  reports(): LifterReport[];
  announced(jid: string, announcement: LifterAnnouncement, now: Instant): void;
  left(jid: string, now: Instant): void;
  /** Only from now on can lifters have said that they are there. */
  began(now: Instant): void;
  /** Those that have jobs, by the ledger, and of which nothing has been heard: neither that they are there nor that they are not. */
  silent(): string[];
  /** It was shutting down when it left, and did not run the job any more: it has handed it back, even if that was not heard. */
  handedBack(jid: string, job: JobId): boolean;
  /** It is there, and its last word does not have this attempt among what it runs. */
  deniesRunning(jid: string, job: JobId, attempt: number): boolean;
  /** A job was given to it. One that has not announced itself is silent from now on. */
  gave(jid: string, job: JobId, now: Instant): void;
  /** A job is no longer with it. */
  took(jid: string, job: JobId): void;
}

interface Lifter {
  readonly jid: string;
  announced: { readonly at: Instant; readonly what: LifterAnnouncement } | undefined;
  handlers: ReadonlySet<string>;
  goneSince: Instant | undefined;
  /** It counts as gone, for nothing was heard of it. */
  isSilent: boolean;
  /** The jobs it has, by the ledger. */
  readonly jobs: Set<JobId>;
}

/** @param slotsOfAccount what a lifter's account may have in hand, however many slots its processes announce together */
export function createLifterRegistry(slotsOfAccount = Number.POSITIVE_INFINITY): LifterRegistry {
  const lifters = new Map<string, Lifter>();

  function meet(jid: string, goneSince: Instant | undefined): Lifter {
    const known = lifters.get(jid);
    if (known !== undefined) return known;
    const met: Lifter = {
      jid,
      announced: undefined,
      handlers: new Set(),
      goneSince,
      isSilent: goneSince !== undefined,
      jobs: new Set(),
    };
    lifters.set(jid, met);
    return met;
  }

  /** Who is gone and has nothing in hand is of no interest: its full JID never comes back. */
  function forgetIfDone(lifter: Lifter): void {
    if (lifter.goneSince !== undefined && lifter.jobs.size === 0) lifters.delete(lifter.jid);
  }

  return {
    live() {
      const loads: LifterLoad[] = [];
      const left = new Map<string, number>();
      for (const { jid, announced, handlers, goneSince, jobs } of lifters.values()) {
        if (announced === undefined || goneSince !== undefined) continue;
        const { slots: wanted, draining } = announced.what;
        const account = accountOf(jid);
        const slots = Math.min(wanted, left.get(account) ?? slotsOfAccount);
        left.set(account, (left.get(account) ?? slotsOfAccount) - slots);
        loads.push({ jid, name: lifterName(jid), handlers, slots, busy: jobs.size, draining });
      }
      return loads;
    },
    reports: () =>
      [...lifters.values()].map(({ jid, announced, goneSince, isSilent }) => ({
        jid,
        ...(announced && { announced: { at: announced.at, running: announced.what.running } }),
        ...(goneSince === undefined ? {} : { goneSince, isSilent }),
      })),
    announced(jid, announcement, now) {
      const lifter = meet(jid, undefined);
      lifter.announced = { at: now, what: announcement };
      lifter.handlers = new Set(announcement.handlers);
      lifter.goneSince = undefined;
      lifter.isSilent = false;
    },
    left(jid, now) {
      const lifter = lifters.get(jid);
      if (lifter === undefined) return;
      lifter.goneSince ??= now;
      lifter.isSilent = false;
      forgetIfDone(lifter);
    },
    began(now) {
      for (const lifter of lifters.values())
        if (lifter.isSilent && lifter.goneSince !== undefined) lifter.goneSince = now;
    },
    silent: () => [...lifters.values()].filter(({ isSilent }) => isSilent).map(({ jid }) => jid),
    handedBack(jid, job) {
      const last = lifters.get(jid)?.announced?.what;
      return last?.draining === true && !last.running.some(({ id }) => id === job);
    },
    deniesRunning(jid, job, attempt) {
      const lifter = lifters.get(jid);
      if (lifter?.announced === undefined || lifter.goneSince !== undefined) return false;
      const { running } = lifter.announced.what;
      return !running.some((one) => one.id === job && one.attempt === attempt);
    },
    gave(jid, job, now) {
      meet(jid, now).jobs.add(job);
    },
    took(jid, job) {
      const lifter = lifters.get(jid);
      if (lifter === undefined) return;
      lifter.jobs.delete(job);
      forgetIfDone(lifter);
    },
  };
}

/** `lifter-1` for `lifter-1@example.org/lifter-1.x7`: how people call it. */
export function lifterName(jid: string): string {
  return readJid(jid)?.local ?? jid;
}
