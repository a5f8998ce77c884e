import type { JobId, JobResult } from '@heavylift/jobs';

/** What became of open jobs whose requesters are not told yet. */
export interface Outcomes {
  get(job: JobId): JobResult | undefined;
  has(job: JobId): boolean;
  settle(result: JobResult): void;
  forget(job: JobId): void;
  /** Outcomes known for so long, in milliseconds; each again after as long, and a few at a time. */
  knownFor(ms: number, isWanted: (job: JobId) => boolean): readonly JobResult[];
  /** The dispatcher has decided on a result that a lifter's may have overtaken: what comes first in the node counts. */
  propose(result: JobResult): void;
  isProposed(job: JobId): boolean;
  /** The node has what was proposed. */
  published(job: JobId): void;
  /** Proposals that the node has had for a while, and no other result was heard of. */
  unopposed(): readonly JobResult[];
}

/** Outcomes that are published again at a time, at most. */
const mostRepeated = 64;
/** The event of an item that came before ours is here by then, or never comes. */
const eventWaitMs = 2_000;

interface Proposal {
  readonly result: JobResult;
  publishedAt: number | undefined;
}

export function createOutcomes(now: () => number): Outcomes {
  const outcomes = new Map<JobId, JobResult>();
  /** When they became known, or were published again last. */
  const known = new Map<JobId, number>();
  const proposals = new Map<JobId, Proposal>();

  return {
    get: (job) => outcomes.get(job),
    has: (job) => outcomes.has(job),
    settle(result) {
      proposals.delete(result.job);
      outcomes.set(result.job, result);
      known.set(result.job, now());
    },
    forget(job) {
      for (const memory of [outcomes, known, proposals]) memory.delete(job);
    },
    knownFor(ms, isWanted) {
      const due: JobResult[] = [];
      for (const [job, since] of known) {
        if (now() - since < ms || !isWanted(job)) continue;
        const result = outcomes.get(job);
        if (result !== undefined) due.push(result);
        known.set(job, now());
        if (due.length >= mostRepeated) break;
      }
      return due;
    },
    propose(result) {
      proposals.set(result.job, { result, publishedAt: undefined });
    },
    isProposed: (job) => proposals.has(job),
    published(job) {
      const proposal = proposals.get(job);
      if (proposal !== undefined) proposal.publishedAt ??= now();
    },
    unopposed: () =>
      [...proposals.values()].flatMap(({ result, publishedAt }) =>
        publishedAt !== undefined && now() - publishedAt >= eventWaitMs ? result : [],
      ),
  };
}
