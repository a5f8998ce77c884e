/** A server that accounts can log in to, wherever it runs. */
export interface XmppServer {
  /** Where to connect, e.g. `xmpp://127.0.0.1:40123`. */
  readonly service: string;
  /** The host part of its accounts' JIDs. */
  readonly domain: string;
  /** The JID of its PubSub service. */
  readonly pubsub: string;
  /** An account that may administer it (XEP-0133) and create nodes. */
  readonly admin: Credentials;
  /** Ends what was started for it. Idempotent. A server of somebody else's stays untouched. */
  stop(): Promise<void>;
}

/** An account's name (the local part of its JID) and password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A server of our own: as private as it can be, and ours to torment. */
export interface PrivateServer extends XmppServer {
  /** XMPP with TLS from the first byte (XEP-0368), if the server was given a certificate. */
  readonly tlsService?: string;
  /** XMPP over WebSocket (RFC 7395), e.g. `ws://127.0.0.1:40124/ws`. */
  readonly websocket?: string;
  /** Its folder: configuration, data and log. */
  readonly dir: string;
  readonly logFile: string;
  /** The process id; another one after a restart. */
  readonly pid: number;
  readonly running: boolean;
  /** Creates the account, or sets its password if it is there. */
  register(username: string, password: string): Promise<void>;
  /**
   * Ends the process by a signal, without removing its data, and waits for the end. After SIGKILL
   * ejabberd may lack what it wrote in the last two seconds, confirmed or not: Mnesia writes
   * behind. To freeze it, send SIGSTOP to {@link pid}.
   * @default SIGKILL
   */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops it if it runs, and starts it again with the same data on the same ports. */
  restart(): Promise<void>;
}

/** A private ejabberd. */
export interface EjabberdServer extends PrivateServer {
  readonly websocket: string;
  /**
   * Calls a command of ejabberd's HTTP interface as the administrator.
   * @returns the decoded JSON answer.
   * @throws {@link LaunchError} `api-refused` if ejabberd says no.
   */
  api(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
}
