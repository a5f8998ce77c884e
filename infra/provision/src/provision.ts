import { readFile } from 'node:fs/promises';
import { nodeRoles } from '@heavylift/jobs';
import {
  connectPubSub,
  createSession,
  isXmppError,
  type Session,
  type TlsOptions,
  toBareJid,
} from '@heavylift/xmpp-pubsub';
import { type Account, ensureAccount, requireAdministrator } from './accounts.js';
import { type Change, describeChange, describeLack } from './changes.js';
import { ProvisionError } from './errors.js';
import { convergeNode } from './node.js';
import type { ProvisionOptions, TlsSettings } from './options.js';
import { type ProvisionPlan, planMembers, planNode, planProvision } from './plan.js';

/** A server that is ready for the services. */
export interface Provisioned extends ProvisionPlan {
  /** What was not as it should be, in the order in which it was put right; with `check`, what is not. */
  readonly changes: readonly Change[];
  /** What is not as it should be and stays so, since it would give somebody more access than now. */
  readonly heldBack: readonly Change[];
}

/**
 * Converges a server on the accounts and nodes that the services need, over XMPP alone. A second run changes nothing but the passwords that
 * it was not given.
 *
 * Services with accounts of these may run meanwhile, but keep the old passwords: restart them with the new ones.
 * @throws ProvisionError
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { domain, log = () => undefined, check = false, widening = 'allow' } = options;
  const plan = planProvision(options);
  const changes: Change[] = [];
  const record = (more: readonly Change[]): void => {
    changes.push(...more);
    for (const change of more) log(check ? describeLack(change) : describeChange(change));
  };

  await using session = await openSession(options, options.admin);
  const due = await accountsDue(options, plan);
  if (check) {
    record(due.map(({ jid, known }) => ({ kind: known ? 'password-set' : 'account-made', jid })));
  } else {
    if (options.onAccounts !== undefined) {
      if (due.length > 0) await requireAdministrator(session, domain);
      await options.onAccounts(plan);
    }
    record(
      await Promise.all(
        due.map(async (account): Promise<Change> => {
          const isNew = await ensureAccount(session, domain, account);
          return { kind: isNew ? 'account-made' : 'password-set', jid: account.jid };
        }),
      ),
    );
  }

  const pubsub = connectPubSub(session, { jid: plan.pubsubJid });
  const converged = await Promise.all(
    nodeRoles.map((role) => {
      const wanted = planNode(role, options);
      const members = planMembers(wanted, plan, options);
      return convergeNode(pubsub, plan.nodes[role], wanted, members, { check, widening });
    }),
  );
  record(converged.flatMap((node) => node.changes));
  return { ...plan, changes, heldBack: converged.flatMap((node) => node.heldBack) };
}

export interface PasswordOptions
  extends Pick<ProvisionOptions, 'service' | 'domain' | 'admin' | 'tls' | 'timeoutMs'> {
  /** The local part of the account's JID. */
  readonly username: string;
  readonly newPassword: string;
}

/**
 * Makes an account, or sets the password of one that is there. What it owns stays its own: never delete and
 * make an account for that.
 * @returns whether it was made
 * @throws ProvisionError
 */
export async function setPassword(options: PasswordOptions): Promise<boolean> {
  const { domain, username, newPassword } = options;
  await using session = await openSession(options, options.admin);
  const jid = toBareJid(`${username}@${domain}`);
  // Awaited here: the session has to last for it.
  return await ensureAccount(session, domain, { username, jid, password: newPassword });
}

/** Accounts whose password has to be set: it is a new one, or one that does not open them. */
async function accountsDue(options: ProvisionOptions, plan: ProvisionPlan): Promise<Account[]> {
  const { bot, notifier, lifters, users } = plan.accounts;
  const due: Account[] = [];
  // One after the other: a server takes many failed logins at once for an attack.
  for (const account of [bot, notifier, ...lifters, ...users]) {
    if (!account.known || !(await canLogIn(options, account))) due.push(account);
  }
  return due;
}

async function canLogIn(options: ProvisionOptions, account: Account): Promise<boolean> {
  try {
    const session = await openSession(options, account);
    await session.stop();
    return true;
  } catch (error) {
    if (error instanceof ProvisionError && isXmppError(error.cause, 'authentication-failed')) {
      return false;
    }
    throw error;
  }
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

async function openSession(
  options: Pick<ProvisionOptions, 'service' | 'domain' | 'tls' | 'timeoutMs' | 'signal'>,
  { username, password }: Credentials,
): Promise<Session> {
  const { service, domain, tls = {}, timeoutMs = 30_000 } = options;
  const session = createSession({
    service,
    domain,
    username,
    password,
    tls: await tlsOptions(tls),
  });
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  try {
    await session.start({ signal });
    options.signal?.addEventListener('abort', () => void session.stop(), { once: true });
    return session;
  } catch (error) {
    await session.stop();
    throw loginError(error, service, `${username}@${domain}`);
  }
}

function loginError(error: unknown, service: string, account: string): unknown {
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
    `${service} does not let ${account} in: ${error.message}`,
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
