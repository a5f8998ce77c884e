import { randomBytes } from 'node:crypto';
import { type BareJid, hasCondition, isXmppError, type Session } from '@heavylift/xmpp-pubsub';
import { CommandError, type FormFields, offerCommand, runCommand } from './command.js';
import { ProvisionError } from './errors.js';

const adminNamespace = 'http://jabber.org/protocol/admin';

/** An account of the server. */
export interface Account {
  /** The local part of its JID. */
  readonly username: string;
  readonly password: string;
  /** Its bare JID. */
  readonly jid: BareJid;
  /** The password was given to us, so it may be the account's already. @default false */
  readonly known?: boolean;
}

/** 32 characters of base64url: 192 random bits. */
export const freshPassword = (): string => randomBytes(24).toString('base64url');

/**
 * Makes the account, or sets the password of one that is there (XEP-0133 sections 4.1 and 4.6).
 * @returns whether it was made
 * @throws ProvisionError `not-an-administrator`, `no-administration`, `account-refused`, `unreachable`
 */
export async function ensureAccount(
  session: Session,
  domain: string,
  { jid, password }: Account,
): Promise<boolean> {
  const fields = { accountjid: jid, password };
  const added = await administer(session, domain, 'add-user', {
    ...fields,
    'password-verify': password,
  });
  if (added === 'done') return true;
  if (hasCondition(added.cause, 'item-not-found', 'service-unavailable', 'feature-not-implemented'))
    throw new ProvisionError(
      'no-administration',
      `${domain} lets nobody make accounts over XMPP (XEP-0133): ${added.why} Enable it: mod_configure and mod_adhoc in ejabberd, admin_adhoc in Prosody.`,
      added.cause,
    );
  // Most likely the account is there; servers say so in different ways, some only in prose.
  const changed = await administer(session, domain, 'change-user-password', fields);
  if (changed === 'done') return false;
  throw new ProvisionError(
    'account-refused',
    `${domain} neither makes the account ${jid} (${added.why}) nor changes its password (${changed.why}).`,
    changed.cause,
  );
}

/**
 * Asks for the form of a command of an administrator's, and leaves it at that (XEP-0050 section 2.3).
 * @throws ProvisionError `not-an-administrator`, `unreachable`
 */
export async function requireAdministrator(session: Session, domain: string): Promise<void> {
  await asAdministrator(domain, () => offerCommand(session, domain, `${adminNamespace}#add-user`));
}

interface Refusal {
  readonly why: string;
  readonly cause?: unknown;
}

function administer(
  session: Session,
  domain: string,
  command: string,
  fields: FormFields,
): Promise<'done' | Refusal> {
  return asAdministrator(domain, async () => {
    const { notes } = await runCommand(session, domain, `${adminNamespace}#${command}`, {
      FORM_TYPE: adminNamespace,
      ...fields,
    });
    const complaint = notes.find(({ type }) => type === 'error');
    return complaint === undefined ? 'done' : { why: complaint.text };
  });
}

async function asAdministrator<T>(domain: string, work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError) return { why: error.message, cause: error };
    if (!isXmppError(error)) throw error;
    if (hasCondition(error, 'forbidden')) {
      throw new ProvisionError(
        'not-an-administrator',
        `The account may not administer ${domain} (XEP-0133): ${error.message} Name one that may.`,
        error,
      );
    }
    if (error.code === 'stanza-error') return { why: error.message, cause: error };
    throw new ProvisionError('unreachable', `${domain} broke off: ${error.message}`, error);
  }
}
