import {
  bareJid,
  type Config,
  duration,
  integer,
  list,
  optional,
  pubsubOptions,
  required,
  withDefault,
  xmppOptions,
} from '@heavylift/service';
import { policyFile } from './policy/read-policy.js';

export const dispatcherOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  DISPATCHER_ADMINS: required({
    description: 'Who may stop the system.',
    type: list(bareJid()),
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
  DISPATCHER_MAX_BACKLOG: withDefault({
    description: 'How many jobs may be open at once; beyond it, requests are refused.',
    type: integer({ min: 1, max: 1_000_000 }),
    default: '20000',
  }),
};

export type DispatcherConfig = Config<typeof dispatcherOptions>;
