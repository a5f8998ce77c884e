import { availableParallelism } from 'node:os';
import { MOST_RESULTS_KEPT } from '@heavylift/jobs';
import {
  bareJid,
  type Config,
  duration,
  integer,
  list,
  matching,
  optional,
  pubsubOptions,
  required,
  resultsOptions,
  text,
  withDefault,
  xmppOptions,
} from '@heavylift/service';

const seconds = () => duration({ min: '0s', max: '1d', unit: 's' });

export const lifterOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  BOT_ACCOUNT: required({
    description: "The dispatcher's account: the only one whose orders count.",
    type: bareJid(),
  }),
  LIFTER_NAME: optional({
    description:
      'What this lifter is called in its log and its resource. People name it by its account, as in `lift on lifter-1`.',
    type: matching(/^[^\s./@]+$/, 'a word without a dot'),
    otherwise: 'XMPP_USERNAME',
  }),
  LIFTER_SLOTS: withDefault({
    description: 'Jobs that run at once.',
    type: integer({ min: 1, max: 1_024 }),
    default: String(availableParallelism()),
    defaultInWords: 'as many as the machine has processors',
  }),
  LIFTER_HANDLERS: optional({
    description:
      'Modules with handlers of your own: paths, from the working directory, or names of packages.',
    type: list(text('the path of a file, or the name of a package')),
    otherwise: 'only what every lifter brings along',
  }),
  LIFTER_COMMANDS: optional({
    description: 'Programs to run as handlers, each with its arguments.',
    type: text('the path of a YAML file'),
    otherwise: 'none',
  }),
  ...resultsOptions,
  LIFTER_RESULTS_KEPT: withDefault({
    description:
      'Items of results that stay at the node of this lifter for whoever was away, and 16 KiB for each on average: each has one job, or dozens under load. The oldest goes first. Provisioning divides 900 items among the lifters.',
    type: integer({ min: 1, max: 100_000 }),
    default: String(MOST_RESULTS_KEPT),
  }),
  LIFTER_HANDLERS_IDLE: withDefault({
    description:
      'After so long without a job, the process in which handlers run is ended, and with it what they keep in memory. The next job starts it again, which takes a moment.',
    type: duration({ min: '1s', max: '20d' }),
    default: '1m',
  }),
  LIFTER_HANDLERS_USER: optional({
    description:
      "The user under whom handlers and commands run, which takes a lifter that runs as root. Then they cannot read the lifter's files and memory. Inline handlers run as the lifter does.",
    type: matching(/^\d{1,10}:\d{1,10}$/, 'numbers of a user and a group such as 10002:10002'),
    otherwise: "the lifter's own",
  }),
  LIFTER_DRAIN_SECONDS: withDefault({
    description: 'Time for running jobs to finish when told to stop; then they are handed back.',
    type: seconds(),
    default: '30',
  }),
  LIFTER_CANCEL_GRACE_SECONDS: withDefault({
    description:
      'Time for a handler to end once it has been told to; then it is terminated. An inline one is waited for.',
    type: seconds(),
    default: '5',
  }),
};

export type LifterConfig = Config<typeof lifterOptions>;
