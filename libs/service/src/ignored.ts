import type { Logger } from './logging.js';
import { serviceMetrics } from './metrics/catalogue.js';
import type { Metrics } from './metrics/port.js';
import { createSparing, spareDetails } from './sparing.js';

/** Why something that came in was not acted upon. */
export type IgnoredReason =
  /** It could not be read. */
  | 'malformed'
  /** It names a node of ours and does not come from the configured service. */
  | 'foreign'
  /** It comes from an account that may not say it. */
  | 'untrusted'
  /** It is of a leader whose time is over. */
  | 'stale';

/**
 * Logs and counts what is not acted upon.
 * @param source the role of the node, or the kind of the stanza
 */
export type Ignore = (
  source: string,
  reason: IgnoredReason,
  details: Readonly<Record<string, unknown>>,
) => void;

const sentences: Readonly<Record<IgnoredReason, string>> = {
  malformed: 'ignored: it is malformed',
  foreign: 'ignored: it does not come from the service',
  untrusted: 'ignored: it comes from an account that may not say it',
  stale: 'ignored: it is of a leader whose time is over',
};

export function ignoring(metrics: Metrics, log: Logger): Ignore {
  // Strangers cause them, as many as they like: all are counted, and a few of each kind are told.
  const spare = createSparing();
  return (source, reason, details) => {
    metrics.count(serviceMetrics.ignored, { source, reason });
    const leftOut = spare(`${source} ${reason}`);
    if (leftOut !== undefined)
      log.warn(spareDetails({ source, ...details }, leftOut), sentences[reason]);
  };
}
