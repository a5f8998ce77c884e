import { MOST_RESULTS_KEPT, resultsKeptBy } from '@heavylift/jobs';
import type { Account } from './accounts.js';
import { ProvisionError } from './errors.js';
import type { ProvisionPlan } from './plan.js';

/** The environment variables that tell a service where it is and who. */
export type ServiceEnv = Readonly<Record<string, string>>;

export type ServiceRole = 'dispatcher' | 'notifier' | 'lifter';

export interface LifterEnvOptions {
  /** Jobs it runs at once. @default the lifter's own */
  readonly slots?: number;
}

/**
 * The configuration of one service on a provisioned server.
 * @param index which of the lifters, from 0
 * @throws ProvisionError `invalid-option` if there is no such lifter
 */
export function serviceEnv(
  provisioned: ProvisionPlan,
  role: ServiceRole,
  index = 0,
  { slots }: LifterEnvOptions = {},
): ServiceEnv {
  const { accounts, administrators } = provisioned;
  const lifters = list(accounts.lifters.map(({ jid }) => jid));
  switch (role) {
    case 'dispatcher':
      return {
        ...sessionEnv(provisioned, accounts.bot),
        ...(administrators.length > 0 && { DISPATCHER_ADMINS: list(administrators) }),
        LIFTER_ACCOUNTS: lifters,
        NOTIFIER_ACCOUNT: accounts.notifier.jid,
      };
    case 'notifier':
      return {
        ...sessionEnv(provisioned, accounts.notifier),
        // Its second session speaks as the contact that people asked.
        BOT_USERNAME: accounts.bot.username,
        BOT_PASSWORD: accounts.bot.password,
        LIFTER_ACCOUNTS: lifters,
      };
    case 'lifter': {
      const lifter = accounts.lifters[index];
      if (lifter === undefined) {
        throw new ProvisionError(
          'invalid-option',
          `There is no lifter ${index}: ${accounts.lifters.length} were provisioned, counted from 0.`,
        );
      }
      // Only where the default does not do: releases before 0.1 refuse an option that they do not know.
      const kept = resultsKeptBy(accounts.lifters.length);
      return {
        ...sessionEnv(provisioned, lifter),
        BOT_ACCOUNT: accounts.bot.jid,
        LIFTER_NAME: lifter.username,
        ...(kept < MOST_RESULTS_KEPT && { LIFTER_RESULTS_KEPT: String(kept) }),
        ...(slots === undefined ? {} : { LIFTER_SLOTS: String(slots) }),
      };
    }
  }
}

function sessionEnv(
  { service, domain, pubsubJid, nodePrefix, tls }: ProvisionPlan,
  { username, password }: Account,
): ServiceEnv {
  return {
    XMPP_SERVICE: service,
    XMPP_DOMAIN: domain,
    XMPP_USERNAME: username,
    XMPP_PASSWORD: password,
    ...(tls.allowPlaintextOnLoopback === true ? { XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK: 'true' } : {}),
    ...(tls.caFile === undefined ? {} : { XMPP_TLS_CA_FILE: tls.caFile }),
    PUBSUB_SERVICE: pubsubJid,
    NODE_PREFIX: nodePrefix,
  };
}

const list = (jids: readonly string[]): string => jids.join(',');
