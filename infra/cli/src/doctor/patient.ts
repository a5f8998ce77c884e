import type { ServiceRole } from '@heavylift/provision';
import {
  bareJid,
  type Config,
  list,
  loadConfig,
  matching,
  optional,
  pubsubOptions,
  text,
  xmppOptions,
} from '@heavylift/service';
import { UsageError } from '../command.js';

const otherwise = 'it is another service';

/** What the doctor reads of a service's configuration; the rest is the service's own business. */
const patientOptions = {
  ...xmppOptions,
  ...pubsubOptions,
  NOTIFIER_ACCOUNT: optional({ description: 'Of a dispatcher.', type: bareJid(), otherwise }),
  LIFTER_ACCOUNTS: optional({ description: 'Of others.', type: list(bareJid()), otherwise }),
  BOT_ACCOUNT: optional({ description: 'Of a lifter.', type: bareJid(), otherwise }),
  BOT_USERNAME: optional({
    description: 'Of a notifier.',
    type: matching(/^[^\s@/]+$/, 'an account, without its domain'),
    otherwise,
  }),
  BOT_PASSWORD: optional({
    description: 'Of a notifier.',
    type: text('a password'),
    secret: true,
    otherwise,
  }),
};

/** The service whose place on the server is examined. */
export interface Patient {
  readonly role: ServiceRole;
  readonly config: Config<typeof patientOptions>;
}

/** @throws ServiceError `bad-configuration` @throws UsageError if the configuration is of no service */
export function readPatient(
  env: Readonly<Record<string, string | undefined>>,
  file: string | undefined,
): Patient {
  const config = loadConfig(patientOptions, { env, file, ignoreUnknown: true });
  if (config.NOTIFIER_ACCOUNT !== undefined) return { role: 'dispatcher', config };
  if (config.BOT_USERNAME !== undefined) return { role: 'notifier', config };
  if (config.BOT_ACCOUNT !== undefined) return { role: 'lifter', config };
  throw new UsageError(
    'This is the configuration of no service: it names neither NOTIFIER_ACCOUNT (a dispatcher has it) nor BOT_USERNAME (a notifier) nor BOT_ACCOUNT (a lifter).',
  );
}
