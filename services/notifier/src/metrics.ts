import type { JobResult } from '@heavylift/jobs';
import { type Metrics, notifierMetrics } from '@heavylift/service';

/** Counts what a notifier does. */
export interface NotifierObserver {
  /** The server has taken the message to its requester. */
  told(result: JobResult): void;
  stop(): void;
}

/** @param untold how many outcomes are still to be told */
export function observeNotifier(metrics: Metrics, untold: () => number): NotifierObserver {
  const stop = metrics.watch(notifierMetrics.untold, () => [{ labels: {}, value: untold() }]);
  return {
    told({ status, finished }) {
      metrics.count(notifierMetrics.told, { outcome: status });
      // Clocks of two machines may differ a little.
      const seconds = Math.max(0, Date.now() - finished) / 1_000;
      metrics.observe(notifierMetrics.tellSeconds, {}, seconds);
    },
    stop,
  };
}
