import { randomUUID } from 'node:crypto';
import {
  defineModule,
  type Lifecycle,
  LoggerToken,
  MetricsToken,
  PubSubToken,
  ServiceContextToken,
  type ServiceParts,
  SessionPartToken,
  SessionToken,
  TracingToken,
  token,
  xmppModule,
} from '@heavylift/service';
import type { DispatcherConfig } from './config.js';
import { createDispatcher } from './dispatcher.js';
import { ownVersion } from './version.js';

const DispatcherToken = token<Lifecycle>('Dispatcher');

export function composeDispatcher(config: DispatcherConfig): ServiceParts {
  const module = defineModule((provide) => {
    provide(
      DispatcherToken,
      [SessionToken, PubSubToken, LoggerToken, MetricsToken, TracingToken, ServiceContextToken],
      (session, pubsub, log, metrics, tracing, { shutdown }) =>
        createDispatcher({
          session,
          pubsub,
          nodePrefix: config.NODE_PREFIX,
          admins: config.DISPATCHER_ADMINS ?? [],
          ...(config.DISPATCHER_POLICY === undefined ? {} : { policy: config.DISPATCHER_POLICY }),
          messageMaxAgeMs: config.DISPATCHER_MESSAGE_MAX_AGE,
          version: ownVersion(),
          lifters: config.LIFTER_ACCOUNTS,
          notifier: config.NOTIFIER_ACCOUNT,
          graceMs: config.DISPATCHER_LIFTER_GRACE,
          slotsOfAccount: config.DISPATCHER_MAX_SLOTS_PER_LIFTER,
          messagesPerSecond: config.DISPATCHER_MESSAGES_PER_SECOND,
          limits: {
            openJobs: config.DISPATCHER_MAX_BACKLOG,
            openJobsOfRequester: config.DISPATCHER_MAX_BACKLOG_PER_REQUESTER,
            openBytes: config.DISPATCHER_MAX_BACKLOG_MIB * 1_048_576,
            openBytesOfRequester: config.DISPATCHER_MAX_BACKLOG_PER_REQUESTER_MIB * 1_048_576,
            schedules: config.DISPATCHER_MAX_SCHEDULES,
            schedulesOfRequester: config.DISPATCHER_MAX_SCHEDULES_PER_REQUESTER,
          },
          ...(config.DISPATCHER_MAX_RUNNING_PER_REQUESTER === undefined
            ? {}
            : { runningOfRequester: config.DISPATCHER_MAX_RUNNING_PER_REQUESTER }),
          order: {
            takesTurns: config.DISPATCHER_TAKE_TURNS,
            ageingMs: config.DISPATCHER_PRIORITY_AGEING,
          },
          namesRequester: config.RESULTS_NAME_REQUESTER,
          timeZone: config.DISPATCHER_TIME_ZONE ?? ownTimeZone(),
          missedRuns: config.DISPATCHER_MISSED_RUNS,
          shutdown,
          metrics,
          tracing,
          log,
        }),
    );
  });
  // New at each start, so that a full JID names one incarnation of one process.
  const resource = config.XMPP_RESOURCE ?? `dispatcher.${randomUUID().slice(0, 8)}`;
  return {
    modules: [xmppModule(config, { resource }), module],
    start: [SessionPartToken, DispatcherToken],
  };
}

const ownTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
