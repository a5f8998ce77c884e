import { lifterMetrics, type Metrics } from '@heavylift/service';
import type { EndedAttempt } from './reports.js';

/** What the gauges of a lifter are read from. */
export interface LifterState {
  readonly slots: number;
  /** How many it cannot use. */
  readonly refused: number;
  /** Names of all handlers that it has. */
  readonly handlers: readonly string[];
  readonly running: () => Iterable<{ readonly kind: string; readonly isOverdue: boolean }>;
  /** How many ends the server does not know yet. */
  readonly unreported: () => number;
}

/** Counts what a lifter does. */
export interface LifterObserver {
  ended(attempt: EndedAttempt): void;
  stop(): void;
}

export function observeLifter(metrics: Metrics, state: LifterState): LifterObserver {
  function* running() {
    const counts = new Map(state.handlers.map((name) => [name, 0]));
    for (const { kind } of state.running()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const [handler, value] of counts) yield { labels: { handler }, value };
  }

  const overdue = () => [...state.running()].filter(({ isOverdue }) => isOverdue).length;

  const watches = [
    metrics.watch(lifterMetrics.slots, () => [{ labels: {}, value: state.slots }]),
    metrics.watch(lifterMetrics.running, running),
    metrics.watch(lifterMetrics.refusedHandlers, () => [{ labels: {}, value: state.refused }]),
    metrics.watch(lifterMetrics.overdue, () => [{ labels: {}, value: overdue() }]),
    metrics.watch(lifterMetrics.unreported, () => [{ labels: {}, value: state.unreported() }]),
  ];
  return {
    ended({ assignment, outcome, started, finished }) {
      if (started === undefined) return;
      const labels = { handler: assignment.kind, outcome: outcome.type };
      metrics.observe(lifterMetrics.runSeconds, labels, (finished - started) / 1_000);
    },
    stop() {
      for (const end of watches) end();
    },
  };
}
