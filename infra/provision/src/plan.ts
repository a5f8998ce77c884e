import {
  type AccountRole,
  defaultNodePrefix,
  type NodePlan,
  type NodeRole,
  nodeName,
  nodePlans,
} from '@heavylift/jobs';
import { type Affiliation, type BareJid, normalDomain, toBareJid } from '@heavylift/xmpp-pubsub';
import { type Account, freshPassword } from './accounts.js';
import { ProvisionError } from './errors.js';
import type { NodeMembers } from './node.js';
import type { ProvisionOptions, TlsSettings } from './options.js';

/** What a server is to be like, worked out from the options alone. */
export interface ProvisionPlan {
  readonly service: string;
  readonly domain: string;
  readonly pubsubJid: string;
  readonly nodePrefix: string;
  readonly tls: TlsSettings;
  readonly accounts: {
    readonly bot: Account;
    readonly notifier: Account;
    readonly lifters: readonly Account[];
    /** In the order of `extraUsers`. */
    readonly users: readonly Account[];
  };
  /** Bare JIDs of people who are administrators. */
  readonly administrators: readonly BareJid[];
  /** Full names. */
  readonly nodes: Readonly<Record<NodeRole, string>>;
}

/** @throws ProvisionError `invalid-option` */
export function planProvision(options: ProvisionOptions): ProvisionPlan {
  const { service, extraUsers = [], tls = {} } = options;
  const domain = normalDomain(options.domain);
  const { pubsubJid = `pubsub.${domain}`, nodePrefix = defaultNodePrefix } = options;
  const ownAdministrators = extraUsers
    .filter(({ administrator }) => administrator === true)
    .map(({ username }) => toBareJid(`${username}@${domain}`));
  return {
    service,
    domain,
    pubsubJid,
    nodePrefix,
    tls,
    accounts: planAccounts({ ...options, domain }),
    administrators: [...ownAdministrators, ...(options.administrators ?? []).map(toBareJid)],
    nodes: nodeNames(nodePrefix),
  };
}

/** What the node of a role is to be, with the access to results that was asked for. */
export function planNode(role: NodeRole, { resultsAccess }: ProvisionOptions): NodePlan {
  const plan = nodePlans[role];
  if (role !== 'results' || resultsAccess === undefined) return plan;
  return { ...plan, config: { ...plan.config, accessModel: resultsAccess } };
}

/** Who is to be what at a node. */
export function planMembers(
  plan: NodePlan,
  { accounts, domain }: ProvisionPlan,
  { admin, readers = [] }: ProvisionOptions,
): NodeMembers {
  const holders: Readonly<Record<AccountRole, readonly string[]>> = {
    bot: [accounts.bot.jid],
    notifier: [accounts.notifier.jid],
    lifter: accounts.lifters.map(({ jid }) => jid),
    reader: readers.map(toBareJid),
  };
  const affiliations = new Map<string, Affiliation>([[`${admin.username}@${domain}`, 'owner']]);
  const roles: readonly AccountRole[] = ['reader', 'lifter', 'notifier', 'bot'];
  for (const role of roles) {
    const affiliation = plan.affiliations[role];
    if (affiliation === undefined) continue;
    for (const jid of holders[role]) affiliations.set(jid, affiliation);
  }
  const subscribers = new Set(plan.subscribers.flatMap((role) => holders[role]));
  return { affiliations, subscribers };
}

function planAccounts(options: ProvisionOptions): ProvisionPlan['accounts'] {
  const { domain, lifters, passwords = {}, extraUsers = [] } = options;
  if (!Number.isInteger(lifters) || lifters < 0) {
    throw new ProvisionError('invalid-option', `lifters is a whole number, not ${lifters}.`);
  }
  const taken = new Set([options.admin.username]);
  const plan = (username: string, password = passwords[username]): Account => {
    // Characters that a localpart must not hold (RFC 7622 section 3.3.1); servers fold upper case.
    if (!/^[^\s"&'/:<>@A-Z]+$/.test(username)) {
      throw new ProvisionError('invalid-option', `"${username}" can be no account's name.`);
    }
    if (taken.has(username)) {
      throw new ProvisionError('invalid-option', `The account ${username} is asked for twice.`);
    }
    taken.add(username);
    const known = password !== undefined;
    return {
      username,
      password: password ?? freshPassword(),
      jid: toBareJid(`${username}@${domain}`),
      known,
    };
  };
  return {
    bot: plan('bot'),
    notifier: plan('notifier'),
    lifters: Array.from({ length: lifters }, (_, index) => plan(`lifter-${index + 1}`)),
    users: extraUsers.map(({ username, password }) => plan(username, password)),
  };
}

function nodeNames(prefix: string): ProvisionPlan['nodes'] {
  return {
    jobs: nodeName('jobs', prefix),
    results: nodeName('results', prefix),
    events: nodeName('events', prefix),
    handlers: nodeName('handlers', prefix),
    failed: nodeName('failed', prefix),
    schedules: nodeName('schedules', prefix),
  };
}
