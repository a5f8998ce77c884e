import {
  bareJid,
  type Config,
  duration,
  flag,
  integer,
  list,
  oneOf,
  optional,
  pubsubOptions,
  required,
  resultsOptions,
  timeZone,
  withDefault,
  xmppOptions,
} from '@heavylift/service';
import { policyFile } from './policy/read-policy.js';

export const dispatcherOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  ...resultsOptions,
  DISPATCHER_ADMINS: optional({
    description: "Who may do everything: stop the system, see to others' jobs.",
    type: list(bareJid()),
    otherwise: 'those that the policy names',
  }),
  DISPATCHER_POLICY: optional({
    description: 'A file that says who may have what done.',
    type: policyFile(),
    otherwise: "the server's own users may run commands",
  }),
  DISPATCHER_MESSAGE_MAX_AGE: withDefault({
    description:
      'How long a message may have waited to be acted upon; about an older one is asked.',
    type: duration({ min: '1s', max: '30d' }),
    default: '1h',
  }),
  LIFTER_ACCOUNTS: required({
    description: 'The accounts that may lift: whose presence, results and reports are believed.',
    type: list(bareJid()),
  }),
  NOTIFIER_ACCOUNT: required({
    description: 'The account whose word it is that a requester has been told.',
    type: bareJid(),
  }),
  DISPATCHER_LIFTER_GRACE: withDefault({
    description: 'How long a lifter may be away before its jobs are given to others.',
    type: duration({ min: '100ms', max: '1h' }),
    default: '5s',
  }),
  DISPATCHER_MAX_SLOTS_PER_LIFTER: withDefault({
    description:
      'How many jobs one lifter may have in hand, however many slots it says it has (LIFTER_SLOTS).',
    type: integer({ min: 1, max: 1_024 }),
    default: '256',
  }),
  DISPATCHER_MAX_BACKLOG: withDefault({
    description: 'How many jobs may be open at once; beyond it, requests are refused.',
    type: integer({ min: 1, max: 1_000_000 }),
    default: '20000',
  }),
  DISPATCHER_MAX_BACKLOG_PER_REQUESTER: withDefault({
    description:
      'How many of them may be of one person. Each part of a job for all lifters counts, too.',
    type: integer({ min: 1, max: 1_000_000 }),
    default: '1000',
  }),
  DISPATCHER_MAX_BACKLOG_MIB: withDefault({
    description:
      'How many MiB open jobs may take in the ledger; beyond it, requests are refused. The node holds so much in any case, and it is soon read.',
    type: integer({ min: 1, max: 30 }),
    default: '24',
  }),
  DISPATCHER_MAX_BACKLOG_PER_REQUESTER_MIB: withDefault({
    description: 'How many of these MiB may be of one person.',
    type: integer({ min: 1, max: 30 }),
    default: '4',
  }),
  DISPATCHER_MAX_RUNNING_PER_REQUESTER: optional({
    description: 'How many jobs of one person may run at once; the others wait.',
    type: integer({ min: 1, max: 1_000_000 }),
    otherwise: 'any number',
  }),
  DISPATCHER_TAKE_TURNS: withDefault({
    description: 'Whether those who wait take turns; else jobs go by age, whoever asked for them.',
    type: flag(),
    default: 'true',
  }),
  DISPATCHER_PRIORITY_AGEING: withDefault({
    description:
      'Waiting for so long is worth one step of priority. With "0s" it is worth nothing, and a job waits while there are others of a higher priority.',
    type: duration({ min: '0s', max: '30d' }),
    default: '1m',
  }),
  DISPATCHER_MAX_SCHEDULES_PER_REQUESTER: withDefault({
    description: 'How many schedules ("every ...") one person may have.',
    type: integer({ min: 0, max: 1_000 }),
    default: '50',
  }),
  DISPATCHER_MAX_SCHEDULES: withDefault({
    description: 'How many schedules there may be in all.',
    type: integer({ min: 0, max: 10_000 }),
    default: '1000',
  }),
  DISPATCHER_MESSAGES_PER_SECOND: withDefault({
    description:
      'How fast a person may write, after 20 s worth of it at once; forms 200 times as fast; orders of programs 1000 times, after 2 s worth.',
    type: integer({ min: 1, max: 100_000 }),
    default: '1',
  }),
  DISPATCHER_TIME_ZONE: optional({
    description: 'In which "at 18:00" and "every ..." are meant, as the IANA calls it.',
    type: timeZone(),
    otherwise: "the machine's",
  }),
  DISPATCHER_MISSED_RUNS: withDefault({
    description:
      'What becomes of the runs of a schedule whose time came while no dispatcher was there: "skip" leaves them out, "once" makes up for all by one.',
    type: oneOf(['skip', 'once']),
    default: 'skip',
  }),
};

export type DispatcherConfig = Config<typeof dispatcherOptions>;
