/** Why a server could not be made ready. */
export type ProvisionErrorCode =
  /** An option makes no sense. Nothing was changed. */
  | 'invalid-option'
  /** The server cannot be reached, or broke off. Run it again: it goes on where it was. */
  | 'unreachable'
  /** The server does not let the administrator in. */
  | 'login-refused'
  /** The account is not an administrator of the server. */
  | 'not-an-administrator'
  /** The server has no service administration over XMPP (XEP-0133). */
  | 'no-administration'
  /** The server would not make an account, nor change its password. */
  | 'account-refused'
  /** The PubSub service refused a node, or changes to it. */
  | 'node-refused'
  /** The PubSub service does not keep to what the protocol needs of a node. */
  | 'node-unfit';

/** The one error class of this package. The message says what happened and what to do. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
  readonly code: ProvisionErrorCode;

  constructor(code: ProvisionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
