import {
  bareJid,
  type Config,
  duration,
  list,
  localPart,
  pubsubOptions,
  required,
  text,
  withDefault,
  xmppOptions,
} from '@heavylift/service';

export const notifierOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  BOT_USERNAME: required({
    description: 'The account in whose name requesters are told, without its domain.',
    type: localPart(),
  }),
  BOT_PASSWORD: required({
    description: 'The password of that account.',
    type: text('a password'),
    secret: true,
  }),
  LIFTER_ACCOUNTS: required({
    description: 'The accounts whose results and progress are believed.',
    type: list(bareJid()),
  }),
  NOTIFIER_PROGRESS_INTERVAL: withDefault({
    description: "Least time between two messages on one job's progress.",
    type: duration({ min: '100ms', max: '1h' }),
    default: '1s',
  }),
};

export type NotifierConfig = Config<typeof notifierOptions>;
