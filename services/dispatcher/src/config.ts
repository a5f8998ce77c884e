import {
  bareJid,
  type Config,
  duration,
  integer,
  list,
  pubsubOptions,
  required,
  withDefault,
  xmppOptions,
} from '@heavylift/service';

export const dispatcherOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  DISPATCHER_ADMINS: required({
    description: 'Who may stop the system.',
    type: list(bareJid()),
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
