/** Every metric that services of ours give, by who gives it. docs/observability.md lists them from here. */
import type { Counter, Gauge, Histogram } from './port.js';

const counter = <const L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
): Counter<L> => ({ kind: 'counter', name, help, labels });

const gauge = <const L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
): Gauge<L> => ({ kind: 'gauge', name, help, labels });

const histogram = <const L extends string>(
  name: string,
  help: string,
  labels: readonly L[],
  buckets: readonly number[],
): Histogram<L> => ({ kind: 'histogram', name, help, labels, buckets });

/** From a round trip on a machine to a slow job, in seconds. */
const jobSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];
const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Of every service; given by libs/service itself. */
export const serviceMetrics = {
  ready: gauge('heavylift_ready', '1 if the service does its work, else 0.', []),
  online: gauge('heavylift_session_online', '1 if the XMPP session is online, else 0.', [
    'session',
  ]),
  connected: counter(
    'heavylift_session_connects_total',
    'How often an XMPP session came online; all but the first are reconnects.',
    ['session'],
  ),
  disconnected: counter(
    'heavylift_session_failures_total',
    'Streams that broke and attempts to connect that failed, by the code of the error.',
    ['session', 'code'],
  ),
  spans: counter(
    'heavylift_spans_total',
    'Spans of traces by what became of them: exported, or dropped because the collector did not take them.',
    ['outcome'],
  ),
  ignored: counter(
    'heavylift_ignored_total',
    'What came in and was not acted upon, by where it came in (the node, or the kind of stanza) and why: malformed, foreign, untrusted or stale.',
    ['source', 'reason'],
  ),
  leading: gauge(
    'heavylift_leader',
    '1 if this process leads its role, 0 if it stands by. All processes of a role together have 1.',
    ['role'],
  ),
};

export const dispatcherMetrics = {
  accepted: counter('heavylift_jobs_accepted_total', 'Jobs that were written to the ledger.', [
    'handler',
  ]),
  refused: counter('heavylift_requests_refused_total', 'Requests that became no job, by why.', [
    'reason',
  ]),
  pending: gauge('heavylift_jobs_pending', 'Jobs that wait for a lifter.', ['handler']),
  oldestPending: gauge(
    'heavylift_jobs_oldest_pending_age_seconds',
    'For how long the oldest job that may start has been waiting.',
    ['handler'],
  ),
  assigned: gauge('heavylift_jobs_assigned', 'Jobs that a lifter has been given.', ['handler']),
  undelivered: gauge(
    'heavylift_jobs_undelivered',
    'Jobs that ended and whose requester has not been told yet, as the ledger has it.',
    ['handler'],
  ),
  oldestUndelivered: gauge(
    'heavylift_jobs_oldest_undelivered_age_seconds',
    'For how long the oldest job has been over whose requester has not been told yet.',
    ['handler'],
  ),
  ended: counter('heavylift_jobs_ended_total', 'Jobs that ended for good, by how.', [
    'handler',
    'outcome',
  ]),
  retried: counter('heavylift_job_retries_total', 'Attempts that failed and are tried again.', [
    'handler',
  ]),
  stalled: counter(
    'heavylift_job_stalls_total',
    'Attempts that were lost with their lifter and are made anew.',
    ['handler'],
  ),
  waitSeconds: histogram(
    'heavylift_job_wait_seconds',
    'From the acceptance of a job, or the time it was to start, to its first attempt.',
    ['handler'],
    jobSeconds,
  ),
  totalSeconds: histogram(
    'heavylift_job_total_seconds',
    'From the acceptance of a job to its end.',
    ['handler', 'outcome'],
    jobSeconds,
  ),
  sheetJobs: histogram(
    'heavylift_sheet_jobs',
    'Jobs in one sheet of the ledger: how much one write of the server serves.',
    [],
    [1, 2, 4, 8, 16, 32, 64, 128],
  ),
  publishSeconds: histogram(
    'heavylift_ledger_publish_seconds',
    'Time until the server confirmed a sheet of the ledger.',
    [],
    requestSeconds,
  ),
  lifters: gauge('heavylift_lifters', 'Lifters that announce themselves, by state.', ['state']),
  handlerLifters: gauge(
    'heavylift_handler_lifters',
    'Lifters that have the handler; 0: its jobs wait, or are not taken.',
    ['handler'],
  ),
  slots: gauge('heavylift_slots', 'Slots of all lifters, by state: busy or free.', ['state']),
};

export const lifterMetrics = {
  slots: gauge('heavylift_lifter_slots', 'Jobs that this lifter can run at once.', []),
  running: gauge('heavylift_lifter_running', 'Jobs that run in this lifter.', ['handler']),
  overdue: gauge(
    'heavylift_lifter_overdue',
    'Inline jobs that were told to end, did not within the grace time, and keep their slots.',
    [],
  ),
  refusedHandlers: gauge(
    'heavylift_lifter_refused_handlers',
    'Handlers and modules of handlers that this lifter was told of and cannot use; its log names them.',
    [],
  ),
  runSeconds: histogram(
    'heavylift_lifter_run_seconds',
    'How long an attempt ran in the handler, by how it ended.',
    ['handler', 'outcome'],
    jobSeconds,
  ),
  unreported: gauge(
    'heavylift_lifter_unreported',
    'Results and reports that the server has not confirmed yet.',
    [],
  ),
};

export const notifierMetrics = {
  told: counter('heavylift_told_total', 'Requesters who were told how their job ended.', [
    'outcome',
  ]),
  untold: gauge('heavylift_untold', 'Results whose requester has not been told yet.', []),
  tellSeconds: histogram(
    'heavylift_tell_seconds',
    'From the end of a job to the confirmed message to its requester.',
    [],
    jobSeconds,
  ),
};

/** All of them, by the service that gives them. */
export const metricCatalogue = {
  'every service': serviceMetrics,
  dispatcher: dispatcherMetrics,
  lifter: lifterMetrics,
  notifier: notifierMetrics,
};
