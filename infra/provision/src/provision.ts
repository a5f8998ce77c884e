import { readFile } from 'node:fs/promises';
import {
  type AccountRole,
  defaultNodePrefix,
  type NodePlan,
  type NodeRole,
  nodeName,
  nodePlans,
  nodeRoles,
} from '@heavylift/jobs';
import {
  type Affiliation,
  connectPubSub,
  createSession,
  isXmppError,
  type Session,
  type TlsOptions,
} from '@heavylift/xmpp-pubsub';
import { type Account, ensureAccount, freshPassword } from './accounts.js';
import { type Change, describeChange } from './changes.js';
import { ProvisionError } from './errors.js';
import { convergeNode, type NodeMembers } from './node.js';

/** How services are to protect their connection. */
export interface TlsSettings {
  /** File with the PEM of a certificate authority to trust instead of the system's. */
  readonly caFile?: string;
  /** Log in without TLS, to a server on this machine only. */
  readonly allowPlaintextOnLoopback?: boolean;
}

/** An account for a person. */
export interface UserOptions {
  readonly username: string;
  /** @default a fresh random one */
  readonly password?: string;
  /** May stop the services and see everybody's jobs. @default false */
  readonly administrator?: boolean;
}

export interface ProvisionOptions {
  /** Where to connect, e.g. `xmpp://127.0.0.1:5222`. */
  readonly service: string;
  readonly domain: string;
  /** An account that may administer the server (XEP-0133) and create nodes. */
  readonly admin: { readonly username: string; readonly password: string };
  readonly tls?: TlsSettings;
  /** @default `pubsub.` and the domain */
  readonly pubsubJid?: string;
  /** How many lifter accounts there are to be: `lifter-1`, `lifter-2`, … */
  readonly lifters: number;
  /** Begins the name of every node. @default `heavylift/` */
  readonly nodePrefix?: string;
  readonly extraUsers?: readonly UserOptions[];
  /** Bare JIDs that may read the results. */
  readonly readers?: readonly string[];
  /** Passwords by the name of the account. @default a fresh random one each */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Time to wait for a server that cannot be reached, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
  /** Breaks it off; what was done so far stays. */
  readonly signal?: AbortSignal;
  /** Told each change, as a line for people. */
  readonly log?: (line: string) => void;
}

/** A server that is ready for the services. */
export interface Provisioned {
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
  /** Bare JIDs of users who are administrators. */
  readonly administrators: readonly string[];
  /** Full names. */
  readonly nodes: Readonly<Record<NodeRole, string>>;
  /** What was not as it should be, in the order in which it was put right. */
  readonly changes: readonly Change[];
}

/**
 * Converges a server on the accounts and nodes that the services need, over XMPP alone. A second run changes passwords and nothing else.
 *
 * Services with accounts of these may run meanwhile, but keep the old passwords: restart them with the new ones.
 * @throws ProvisionError
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { service, domain, log = () => undefined } = options;
  const { pubsubJid = `pubsub.${domain}`, nodePrefix = defaultNodePrefix, tls = {} } = options;
  const accounts = planAccounts(options);
  const nodes = nodeNames(nodePrefix);
  const changes: Change[] = [];
  const record = (more: readonly Change[]): void => {
    changes.push(...more);
    for (const change of more) log(describeChange(change));
  };

  await using session = await openSession(options);
  const everybody = [accounts.bot, accounts.notifier, ...accounts.lifters, ...accounts.users];
  const made = await Promise.all(
    everybody.map(async (account): Promise<Change> => {
      const isNew = await ensureAccount(session, domain, account);
      return { kind: isNew ? 'account-made' : 'password-set', jid: account.jid };
    }),
  );
  record(made);

  const pubsub = connectPubSub(session, { jid: pubsubJid });
  const owner = `${options.admin.username}@${domain}`;
  const holders = roleHolders(accounts, options.readers ?? []);
  const converged = await Promise.all(
    nodeRoles.map((role) =>
      convergeNode(pubsub, nodes[role], nodePlans[role], members(nodePlans[role], holders, owner)),
    ),
  );
  record(converged.flat());

  const administrators = (options.extraUsers ?? [])
    .filter(({ administrator }) => administrator === true)
    .map(({ username }) => `${username}@${domain}`);
  return { service, domain, pubsubJid, nodePrefix, tls, accounts, administrators, nodes, changes };
}

function planAccounts(options: ProvisionOptions): Provisioned['accounts'] {
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
    return { username, password: password ?? freshPassword(), jid: `${username}@${domain}` };
  };
  return {
    bot: plan('bot'),
    notifier: plan('notifier'),
    lifters: Array.from({ length: lifters }, (_, index) => plan(`lifter-${index + 1}`)),
    users: extraUsers.map(({ username, password }) => plan(username, password)),
  };
}

function nodeNames(prefix: string): Provisioned['nodes'] {
  return {
    jobs: nodeName('jobs', prefix),
    results: nodeName('results', prefix),
    events: nodeName('events', prefix),
    handlers: nodeName('handlers', prefix),
  };
}

type Holders = Readonly<Record<AccountRole, readonly string[]>>;

const roleHolders = (
  { bot, notifier, lifters }: Provisioned['accounts'],
  readers: readonly string[],
): Holders => ({
  bot: [bot.jid],
  notifier: [notifier.jid],
  lifter: lifters.map(({ jid }) => jid),
  reader: readers,
});

function members(plan: NodePlan, holders: Holders, owner: string): NodeMembers {
  const affiliations = new Map<string, Affiliation>([[owner, 'owner']]);
  const roles: readonly AccountRole[] = ['reader', 'lifter', 'notifier', 'bot'];
  for (const role of roles) {
    const affiliation = plan.affiliations[role];
    if (affiliation === undefined) continue;
    for (const jid of holders[role]) affiliations.set(jid, affiliation);
  }
  return {
    affiliations,
    subscribers: new Set(plan.subscribers.flatMap((role) => holders[role])),
  };
}

async function openSession(options: ProvisionOptions): Promise<Session> {
  const { service, domain, admin, tls = {}, timeoutMs = 30_000 } = options;
  const session = createSession({ service, domain, ...admin, tls: await tlsOptions(tls) });
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  try {
    await session.start({ signal });
    options.signal?.addEventListener('abort', () => void session.stop(), { once: true });
    return session;
  } catch (error) {
    await session.stop();
    throw loginError(error, options);
  }
}

function loginError(error: unknown, { service, domain, admin }: ProvisionOptions): unknown {
  if (!isXmppError(error)) return error;
  if (error.code === 'aborted' || error.code === 'connection-failed') {
    return new ProvisionError(
      'unreachable',
      `No XMPP server answers at ${service}: ${error.message}`,
      error,
    );
  }
  return new ProvisionError(
    'login-refused',
    `${service} does not let ${admin.username}@${domain} in: ${error.message}`,
    error,
  );
}

async function tlsOptions({ caFile, allowPlaintextOnLoopback }: TlsSettings): Promise<TlsOptions> {
  const plain = allowPlaintextOnLoopback === undefined ? {} : { allowPlaintextOnLoopback };
  if (caFile === undefined) return plain;
  try {
    return { ...plain, ca: await readFile(caFile, 'utf8') };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProvisionError('invalid-option', `The file ${caFile} cannot be read: ${why}`, error);
  }
}
