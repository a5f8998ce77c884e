/** What may differ from one ejabberd of ours to the next. */
export interface ConfigOptions {
  readonly ports: Ports;
  /** The address to listen on: loopback for a child process, any inside a container. */
  readonly ip: string;
  /** PEM file with key and certificate chain; without one there is no TLS at all. */
  readonly certFile?: string;
  /** Refuse to log in before STARTTLS. @default false */
  readonly requireTls?: boolean;
  /** SASL mechanisms not to offer. @default PLAIN, DIGEST-MD5 and X-OAUTH2 */
  readonly disabledMechanisms?: readonly string[];
  /**
   * Who may create PubSub nodes, their own PEP nodes included: local user names, or everybody.
   * @default admin, bot and notifier
   */
  readonly nodeCreators?: readonly string[] | 'all';
  /** The last word, for tests that need a server set up in another way. */
  readonly configure?: (config: EjabberdConfig) => EjabberdConfig;
}

export interface Ports {
  /** XMPP, with STARTTLS if there is a certificate. */
  readonly c2s: number;
  /** XMPP with TLS from the first byte; used only if there is a certificate. */
  readonly c2sTls: number;
  /** Administration and XMPP over WebSocket. */
  readonly http: number;
}

/** An `ejabberd.yml`. Only what we set; ejabberd refuses what it does not know. */
export interface EjabberdConfig {
  readonly listen: readonly Readonly<Record<string, unknown>>[];
  readonly acl: Readonly<Record<string, unknown>>;
  readonly access_rules: Readonly<Record<string, unknown>>;
  readonly api_permissions: Readonly<Record<string, unknown>>;
  readonly shaper_rules: Readonly<Record<string, unknown>>;
  readonly modules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [option: string]: unknown;
}

export const DOMAIN = 'localhost';
export const PUBSUB_SERVICE = `pubsub.${DOMAIN}`;
export const ADMIN = 'admin';
/** Accounts that own nodes: `admin` provisions, `bot` and `notifier` take lock nodes. */
export const NODE_OWNERS: readonly string[] = [ADMIN, 'bot', 'notifier'];

const NO_CLEAR_PASSWORDS = ['PLAIN', 'DIGEST-MD5', 'X-OAUTH2'];

/** The configuration of every ejabberd that we start. Valid for 23.01 and later. */
export function ejabberdConfig(options: ConfigOptions): EjabberdConfig {
  const { disabledMechanisms = NO_CLEAR_PASSWORDS, configure = (config) => config } = options;
  return configure({
    hosts: [DOMAIN],
    // The log line that says a port is open has level info, and readiness is read from the log.
    loglevel: 'info',
    ...(options.certFile === undefined ? {} : { certfiles: [options.certFile] }),
    // Never ask a certificate authority on the Internet for anything.
    acme: { auto: false },
    // Kept readable: a SCRAM hash serves one mechanism only (23.01 stores no more than one), and
    // ours shall serve SCRAM-SHA-1, -256 and -512 alike. The folder is private, its passwords random.
    auth_method: 'internal',
    auth_password_format: 'plain',
    disable_sasl_mechanisms: disabledMechanisms,
    listen: listeners(options),
    // This server talks to its own users only.
    s2s_access: 'none',
    acl: {
      admin: { user: [`${ADMIN}@${DOMAIN}`] },
      node_creators: {
        user: creators(options).map((name) => `${name}@${DOMAIN}`),
      },
    },
    access_rules: {
      admin_only: { allow: 'admin' },
      create_nodes: options.nodeCreators === 'all' ? { allow: 'all' } : { allow: 'node_creators' },
      // What mod_configure (XEP-0133, service administration) asks for.
      configure: { allow: 'admin' },
    },
    api_permissions: {
      'the administrator over HTTP': {
        from: ['mod_http_api'],
        who: { access: [{ allow: 'admin' }] },
        what: '*',
      },
      'ejabberdctl inside a container': { from: ['ejabberd_ctl'], who: 'all', what: '*' },
    },
    shaper_rules: {
      // Every replica of a service is a session of one account; the default throws out the oldest.
      max_user_sessions: 10_000,
      // Commands sent while no dispatcher is active wait here for the next one.
      max_user_offline_messages: 100_000,
    },
    modules: modules(),
  });
}

/** YAML 1.1 takes JSON as it is; each option stands on a line of its own for human readers. */
export function toYaml(config: EjabberdConfig): string {
  const lines = Object.entries(config).map(
    ([option, value]) => `${JSON.stringify(option)}: ${JSON.stringify(value)}`,
  );
  return `${lines.join('\n')}\n`;
}

const creators = ({ nodeCreators = NODE_OWNERS }: ConfigOptions): readonly string[] =>
  nodeCreators === 'all' ? NODE_OWNERS : nodeCreators;

function listeners({ ports, ip, certFile, requireTls = false }: ConfigOptions) {
  const c2s = {
    module: 'ejabberd_c2s',
    ip,
    // A sheet has at most 96 KiB of entries; this leaves room for replies that carry many items.
    max_stanza_size: 262_144,
    // The example configuration's 3,000 bytes a second would allow six publishes a second.
    shaper: 'none',
    access: 'all',
  };
  const http = { '/api': 'mod_http_api', '/ws': 'ejabberd_http_ws' };
  return [
    certFile === undefined
      ? { ...c2s, port: ports.c2s }
      : { ...c2s, port: ports.c2s, starttls: true, starttls_required: requireTls },
    ...(certFile === undefined ? [] : [{ ...c2s, port: ports.c2sTls, tls: true }]),
    { module: 'ejabberd_http', ip, port: ports.http, request_handlers: http },
  ];
}

const modules = (): EjabberdConfig['modules'] => ({
  // Ad-hoc commands, and through them accounts (XEP-0133): how provisioning talks to any server.
  mod_adhoc: {},
  mod_configure: {},
  // `register` and `change_password` of the HTTP interface, which our handle calls.
  mod_admin_extra: {},
  mod_http_api: {},
  mod_caps: {},
  mod_carboncopy: {},
  mod_disco: {},
  mod_last: {},
  mod_offline: { access_max_user_messages: 'max_user_offline_messages' },
  // Off by default. A lifter that is frozen or cut off is gone after 8 seconds at the latest.
  mod_ping: {
    send_pings: true,
    ping_interval: '5 seconds',
    ping_ack_timeout: '3 seconds',
    timeout_action: 'kill',
  },
  mod_pubsub: {
    access_createnode: 'create_nodes',
    // The ledger must never lose an item to a limit; the default is 1,000 a publisher.
    max_items_node: 1_000_000,
    max_nodes_discoitems: 1_000,
    plugins: ['flat', 'pep'],
  },
  mod_roster: {},
  // The default of 5,000 unacknowledged stanzas throws out a session in a burst of events.
  mod_stream_mgmt: { resend_on_timeout: 'if_offline', max_ack_queue: 50_000 },
  mod_version: {},
});
