import { availableParallelism } from 'node:os';
import {
  type Config,
  integer,
  matching,
  optional,
  pubsubOptions,
  required,
  withDefault,
  xmppOptions,
} from '@heavylift/service';

const seconds = () => integer({ min: 0, max: 86_400 });

export const lifterOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  BOT_ACCOUNT: required({
    description: "The dispatcher's account: the only one whose orders count.",
    type: matching(/^[^\s/@]+@[^\s/@]+$/, 'a bare JID such as bot@example.org'),
  }),
  LIFTER_NAME: optional({
    description:
      'What people call this lifter, as in `lift on NAME`. Two lifters of one name are one too many.',
    type: matching(/^[^\s./@]+$/, 'a word without a dot'),
    otherwise: 'XMPP_USERNAME',
  }),
  LIFTER_SLOTS: withDefault({
    description: 'Jobs that run at once.',
    type: integer({ min: 1, max: 1_024 }),
    default: String(availableParallelism()),
  }),
  LIFTER_DRAIN_SECONDS: withDefault({
    description: 'Time for running jobs to finish when told to stop; then they are handed back.',
    type: seconds(),
    default: '30',
  }),
  LIFTER_CANCEL_GRACE_SECONDS: withDefault({
    description:
      'Time for a handler to end once it has been told to; then its thread is terminated.',
    type: seconds(),
    default: '5',
  }),
};

export type LifterConfig = Config<typeof lifterOptions>;
