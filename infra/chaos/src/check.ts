import type { Observation } from './history.js';

/** What must not be, each in words with the job it is about, and what may be and is counted. */
export interface Verdict {
  /** Accepted and never told; or a program's, and never answered. */
  readonly lost: readonly Finding[];
  /** Told or run and never asked for. */
  readonly unexpected: readonly Finding[];
  /** Two live attempts at once while the network is whole, two messages about one outcome, two jobs of one request. */
  readonly doubled: readonly Finding[];
  /** Lost, and the server was killed so soon that it may have forgotten what it had confirmed. */
  readonly lostByServer: readonly Finding[];
  /** The same message about an outcome once more. */
  readonly repeated: readonly Finding[];
  /** Results of a job beyond the first. */
  readonly secondResults: readonly Finding[];
  readonly counts: Counts;
}

export interface Finding {
  readonly job: string;
  readonly text: string;
}

export interface Counts {
  readonly asked: number;
  readonly accepted: number;
  readonly told: number;
  /** Accepted, or asked for by a program, and not told or answered (yet). */
  readonly open: number;
  /** Requests without an answer. */
  readonly unanswered: number;
  /** Runs of handlers. */
  readonly runs: number;
  /** Runs of a job's attempt beyond the first of the same attempt, or after an attempt that was broken off. */
  readonly reexecutions: number;
  /** Live attempts at once of which one was a lifter's that was stopped or cut off. */
  readonly isolatedOverlaps: number;
}

type Of<T extends Observation['type']> = Extract<Observation, { readonly type: T }>;

interface Run {
  readonly started: Of<'started'>;
  readonly until: number;
  readonly how: string | undefined;
  /** The name of the lifter. */
  readonly lifter: string | undefined;
}

interface Overlap {
  readonly at: number;
  readonly lifters: readonly (string | undefined)[];
  readonly finding: Finding;
}

/** Decides from a whole history, in any order, what went wrong in it. */
export function check(history: readonly Observation[]): Verdict {
  const asked = new Set(all(history, 'asked').map(({ request }) => request));
  const answers = all(history, 'answered');
  const accepted = new Map(
    answers.flatMap(({ job, request }) => (job === undefined ? [] : [[job, request] as const])),
  );
  const told = groupBy(all(history, 'told'), ({ job }) => job);
  const messages = groupBy(
    [
      ...all(history, 'told').filter(({ message }) => message !== undefined),
      ...all(history, 'heard'),
    ],
    ({ job }) => job,
  );
  const results = groupBy(all(history, 'result'), ({ job }) => job);
  const allRuns = runsOf(history);
  const runs = groupBy(allRuns, ({ started }) => started.job);
  const ofOneKey = groupBy(allRuns, ({ started: { key } }) => key?.toString());
  const isolations = all(history, 'isolation');
  const overlaps = [
    ...[...runs.values()].flatMap(overlapsOf),
    ...[...ofOneKey.values()].flatMap(overlapsOf).filter(isOfTwoRequests),
  ];
  const isIsolated = ({ at, lifters }: Overlap) =>
    isolations.some(
      ({ at: since, until, who }) =>
        since <= at &&
        at <= until &&
        (who === undefined || lifters.some((name) => name !== undefined && who.includes(name))),
    );
  const missing = [...accepted.keys()].filter((job) => !told.has(job));
  const kills = all(history, 'server-killed');
  const seen = groupBy(history, jobOf);
  const mayBeTheServers = (job: string) =>
    (seen.get(job) ?? []).some(({ at }) =>
      kills.some((kill) => kill.at - kill.forgetsMs <= at && at <= kill.at),
    );
  const asLost = (job: string): Finding => ({ job, text: 'accepted and never told' });
  const answered = new Set(answers.map(({ request }) => request));
  const ignored = all(history, 'asked')
    .filter(({ persists, request }) => persists === true && !answered.has(request))
    .map(({ request: job }) => ({ job, text: 'a program asked for it, and was never answered' }));

  return {
    lost: [...missing.filter((job) => !mayBeTheServers(job)).map(asLost), ...ignored],
    lostByServer: missing.filter(mayBeTheServers).map(asLost),
    unexpected: unexpected(history, accepted, asked),
    doubled: [
      ...overlaps.filter((each) => !isIsolated(each)).map(({ finding }) => finding),
      ...[...told].flatMap(([job, by]) => toldInTwoWays(job, by)),
      ...twoJobsOfOne(history),
    ],
    repeated: again(messages, ({ length }) => length - 1, 'messages on its outcome'),
    secondResults: again(results, (of) => new Set(of.map(({ item }) => item)).size - 1, 'results'),
    counts: {
      asked: asked.size,
      accepted: accepted.size,
      told: told.size,
      open: missing.length + ignored.length,
      unanswered: asked.size - answered.size,
      runs: sum(runs.values(), ({ length }) => length),
      reexecutions: sum(runs.values(), repeatedRuns),
      isolatedOverlaps: overlaps.filter(isIsolated).length,
    },
  };
}

/** One for each job that has more of something than one. */
function again<T>(
  byJob: ReadonlyMap<string, T>,
  beyondFirst: (all: T) => number,
  what: string,
): Finding[] {
  return [...byJob].flatMap(([job, of]) => {
    const more = beyondFirst(of);
    return more > 0 ? [{ job, text: `${more + 1} ${what}` }] : [];
  });
}

/** What is known of a job, in the order in which it happened. */
export function storyOf(job: string, history: readonly Observation[]): readonly Observation[] {
  const request = all(history, 'answered').find((answer) => answer.job === job)?.request;
  const runs = new Set(
    all(history, 'started')
      .filter((run) => run.job === job)
      .map(({ run }) => run),
  );
  return history
    .filter(
      (each) =>
        jobOf(each) === job ||
        (each.type === 'asked' && each.request === request) ||
        (each.type === 'ended' && runs.has(each.run)),
    )
    .toSorted((a, b) => a.at - b.at);
}

const jobOf = (observation: Observation): string | undefined =>
  'job' in observation ? observation.job : undefined;

function runsOf(history: readonly Observation[]): Run[] {
  const ends = new Map(all(history, 'ended').map((end) => [end.run, end]));
  const deaths = new Map(
    all(history, 'process').flatMap(({ pid, at, ended }) =>
      ended === undefined ? [] : [[pid, at] as const],
    ),
  );
  const inOrder = all(history, 'started').toSorted((a, b) => a.at - b.at);
  // Of the same process the first: one that has lost its lifter is another's child for the moment that it has left.
  const lifters = new Map(inOrder.toReversed().map(({ pid, parent }) => [pid, parent]));
  const names = new Map(all(history, 'process').map(({ pid, name }) => [pid, name]));
  return inOrder.map((started) => {
    const end = ends.get(started.run);
    // A handler that outlives its lifter and ends by itself says so: then that counts.
    const parent = lifters.get(started.pid) ?? started.parent;
    const death = deaths.get(started.pid) ?? deaths.get(parent);
    const until = end?.at ?? death ?? Number.POSITIVE_INFINITY;
    const lifter = names.get(parent) ?? names.get(started.pid);
    return { started, until, how: end?.how, lifter };
  });
}

function overlapsOf(runs: readonly Run[]): (Overlap & { readonly requests: readonly string[] })[] {
  const inOrder = runs.toSorted((a, b) => a.started.at - b.started.at);
  return inOrder.flatMap((earlier, index) =>
    inOrder
      .slice(index + 1)
      .filter(({ started }) => started.at < earlier.until)
      .map(({ started, lifter }) => ({
        at: started.at,
        lifters: [lifter, earlier.lifter],
        requests: [started.request, earlier.started.request],
        finding: {
          job: started.job,
          text: `attempt ${started.attempt} began (process ${started.pid}) while attempt ${earlier.started.attempt} of ${earlier.started.job} ran (process ${earlier.started.pid})`,
        },
      })),
  );
}

/** The parts of a job for all lifters are of one. */
const isOfTwoRequests = ({
  requests: [one, other],
}: {
  readonly requests: readonly string[];
}): boolean => one !== other;

/** An attempt that ended by itself is no re-execution when it is followed by the next one. */
function repeatedRuns(runs: readonly Run[]): number {
  const finished = runs.filter(({ how }) => how === 'failed').length;
  return Math.max(0, runs.length - 1 - finished);
}

function toldInTwoWays(job: string, messages: readonly Of<'told'>[]): Finding[] {
  const ids = new Set(messages.map(({ message }) => message));
  return ids.size < 2 ? [] : [{ job, text: `told by different messages: ${[...ids].join(', ')}` }];
}

/** The request may have been accepted without our hearing of it, so a job is expected if its request was sent. */
function unexpected(
  history: readonly Observation[],
  accepted: ReadonlyMap<string, string | undefined>,
  asked: ReadonlySet<string>,
): Finding[] {
  const found = new Map<string, Finding>();
  for (const each of history) {
    if (each.type !== 'told' && each.type !== 'started' && each.type !== 'answered') continue;
    const { job, request } = each;
    if (job === undefined || (each.type !== 'answered' && accepted.has(job))) continue;
    if (request !== undefined && asked.has(request)) continue;
    found.set(job, { job, text: `${each.type}, and nobody asked for it` });
  }
  return [...found.values()];
}

function twoJobsOfOne(history: readonly Observation[]): Finding[] {
  // What is asked for on all lifters has a part for each, and one outcome.
  const ofAll = new Set(
    all(history, 'asked').flatMap(({ request, text }) => (isForAll(text) ? [request] : [])),
  );
  const jobs = new Map<string, Set<string>>();
  for (const each of history) {
    if (each.type !== 'told' && each.type !== 'started' && each.type !== 'answered') continue;
    const { type, job, request } = each;
    if (job === undefined || request === undefined) continue;
    if (type === 'started' && ofAll.has(request)) continue;
    jobs.set(request, (jobs.get(request) ?? new Set()).add(job));
  }
  return [...jobs].flatMap(([request, [first, ...others]]) =>
    others.map((job) => ({ job, text: `of the same request ${request} as ${first}` })),
  );
}

const isForAll = (text: string): boolean => / on all( |$)/.test(text);

function all<T extends Observation['type']>(history: readonly Observation[], type: T): Of<T>[] {
  return history.filter((observation): observation is Of<T> => observation.type === type);
}

function groupBy<T>(values: readonly T[], key: (value: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const name = key(value);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return groups;
}

function sum<T>(values: Iterable<T>, of: (value: T) => number): number {
  let total = 0;
  for (const value of values) total += of(value);
  return total;
}
