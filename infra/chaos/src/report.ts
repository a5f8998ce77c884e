import { type Finding, storyOf, type Verdict } from './check.js';
import type { Observation } from './history.js';
import type { Outcome } from './run.js';
import type { Scenario } from './scenarios.js';

/** How many findings of a kind are told in full. */
const toldInFull = 5;

/** What some faults bring about and others must not. */
export type Tolerable = 'repeated' | 'secondResults';

/** What must not be, by kind. */
function faultsIn(verdict: Verdict, tolerated: readonly Tolerable[]) {
  const { lost, unexpected, doubled, repeated, secondResults } = verdict;
  return Object.entries({
    lost,
    unexpected,
    doubled,
    ...(tolerated.includes('repeated') ? {} : { repeated }),
    ...(tolerated.includes('secondResults') ? {} : { secondResults }),
  });
}

/** Nothing is wrong, and enough was done to say so. */
export const passed = (verdict: Verdict, tolerated: readonly Tolerable[] = []): boolean =>
  faultsIn(verdict, tolerated).every(([, findings]) => findings.length === 0) &&
  verdict.counts.accepted * 3 > verdict.counts.asked;

/** One line about a run. */
export function summary(
  { name, tolerates }: Pick<Scenario, 'name' | 'tolerates'>,
  { verdict, faults, settledMs }: Outcome,
): string {
  const { lost, unexpected, doubled, lostByServer, repeated, secondResults, counts } = verdict;
  const { asked, accepted, told, unanswered, runs } = counts;
  return [
    `${passed(verdict, tolerates) ? '✓' : '✗'} ${name}: ${faults} faults, ${asked} asked, ${accepted} accepted, ${told} told`,
    `lost ${lost.length}, unexpected ${unexpected.length}, doubled ${doubled.length}`,
    `${unanswered} without an answer, ${runs} runs, ${counts.reexecutions} of them again`,
    `${repeated.length} told again, ${secondResults.length} with second results, ${counts.isolatedOverlaps} at once while isolated`,
    ...(lostByServer.length === 0 ? [] : [`${lostByServer.length} lost by the killed server`]),
    `settled in ${(settledMs / 1_000).toFixed(1)} s`,
  ].join('; ');
}

/** What must not be, with what is known of each job. */
export function details(
  { verdict, history }: Outcome,
  tolerated: readonly Tolerable[] = [],
): string[] {
  return faultsIn(verdict, tolerated).flatMap(([kind, findings]) => [
    ...findings.slice(0, toldInFull).flatMap((finding) => detail(kind, finding, history)),
    ...(findings.length > toldInFull ? [`and ${findings.length - toldInFull} more ${kind}`] : []),
  ]);
}

function detail(kind: string, { job, text }: Finding, history: readonly Observation[]): string[] {
  const story = storyOf(job, history);
  const [from = 0, until = 0] = [story.at(0)?.at, story.at(-1)?.at];
  const around = history.filter(
    ({ type, at }) =>
      (type === 'fault' || type === 'process') && at > from - 5_000 && at < until + 5_000,
  );
  return [
    `${kind}: job ${job}: ${text}`,
    ...[...story, ...around]
      .toSorted((a, b) => a.at - b.at)
      .slice(-25)
      .map((event) => `  ${JSON.stringify(event)}`),
  ];
}
