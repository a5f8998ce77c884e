import type { ProvisionPlan } from './plan.js';

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
  /** Bare JIDs of people with accounts of their own who may stop the services, besides those among `extraUsers`. */
  readonly administrators?: readonly string[];
  /** Bare JIDs that may read the results. */
  readonly readers?: readonly string[];
  /** Who else may read the results: whoever is let in by an owner, or everybody. @default `whitelist`: nobody else */
  readonly resultsAccess?: 'whitelist' | 'authorize' | 'open';
  /**
   * Passwords by the name of the account. An account that can log in with its own stays as it is.
   * @default a fresh random one each
   */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Only look: the changes are those that are due. @default false */
  readonly check?: boolean;
  /** Whether nodes that are there may be opened to more accounts than now. What is held back is told. @default `allow` */
  readonly widening?: 'allow' | 'hold-back';
  /**
   * Called when the administrator is known to be one and before any password is set, so that no password is ever on the server and nowhere
   * else. Not with `check`.
   */
  readonly onAccounts?: (plan: ProvisionPlan) => Promise<void>;
  /** Time to wait for a server that cannot be reached, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
  /** Breaks it off; what was done so far stays. */
  readonly signal?: AbortSignal;
  /** Told each change, as a line for people. */
  readonly log?: (line: string) => void;
}
