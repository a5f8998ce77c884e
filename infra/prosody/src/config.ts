import { ADMIN, DOMAIN, NODE_OWNERS, PUBSUB_SERVICE } from '@heavylift/ejabberd';

export interface ConfigOptions {
  readonly dir: string;
  readonly ports: {
    /** XMPP, with STARTTLS if there is a certificate. */
    readonly c2s: number;
    /** XMPP with TLS from the first byte. */
    readonly c2sTls: number;
  };
  /** PEM file with key and certificate chain; without one there is no TLS at all. */
  readonly certFile?: string;
  /** Refuse to log in before STARTTLS. @default false */
  readonly requireTls?: boolean;
  /** SASL mechanisms not to offer. @default PLAIN and DIGEST-MD5 */
  readonly disabledMechanisms?: readonly string[];
  /** Who may create PubSub nodes. @default admin, bot and notifier */
  readonly nodeCreators?: readonly string[] | 'all';
  /** Lua, added to the global section. */
  readonly globalConfig?: string;
  /** Lua, added to the PubSub component's section. */
  readonly pubsubConfig?: string;
}

/** Our own modules; see the files in `lua/`. */
export const MODULES = { leash: 'heavylift_leash', creators: 'heavylift_node_creators' } as const;

/** A `prosody.cfg.lua`. Valid for 0.12. */
export function prosodyConfig(options: ConfigOptions): string {
  const { dir, ports, certFile, requireTls = false, nodeCreators = NODE_OWNERS } = options;
  const { disabledMechanisms = ['PLAIN', 'DIGEST-MD5'] } = options;
  const creators = nodeCreators === 'all' ? 'all' : nodeCreators.map((name) => `${name}@${DOMAIN}`);
  return `
-- A daemon would leave our process group, and root is what containers and CI run as.
run_as_root = true
pidfile = ${lua(`${dir}/prosody.pid`)}
data_path = ${lua(`${dir}/data`)}
plugin_paths = { ${lua(`${dir}/modules`)} }
log = { info = "*console" }

network_backend = "epoll"
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { ${ports.c2s} }
c2s_direct_tls_ports = { ${certFile === undefined ? '' : ports.c2sTls} }
${certFile === undefined ? '' : `ssl = { certificate = ${lua(certFile)}, key = ${lua(certFile)} }`}

-- This server talks to its own users only.
modules_disabled = { "s2s", "http", "admin_shell"${certFile === undefined ? ', "tls"' : ''} }
modules_enabled = {
  "roster", "saslauth", "tls", "disco", "ping", "posix", "pep", "smacks", "carbons", "time",
  "version", "offline", "lastactivity", "adhoc", "admin_adhoc", ${lua(MODULES.leash)}
}
admins = { ${lua(`${ADMIN}@${DOMAIN}`)} }

c2s_require_encryption = ${requireTls}
-- Kept readable, so that SCRAM-SHA-1 and SCRAM-SHA-256 can both be offered.
authentication = "internal_plain"
disable_sasl_mechanisms = ${luaSet(disabledMechanisms)}

-- With the default, files, each publish writes the whole list of items anew.
storage = "sql"
sql = { driver = "SQLite3", database = ${lua(`${dir}/prosody.sqlite`)} }
${options.globalConfig ?? ''}

VirtualHost ${lua(DOMAIN)}

Component ${lua(PUBSUB_SERVICE)} "pubsub"
  modules_enabled = { ${lua(MODULES.creators)} }
  heavylift_node_creators = ${creators === 'all' ? '"all"' : luaSet(creators)}
  expose_publisher = true
  -- The ledger must never lose an item to a limit; the default is 256.
  pubsub_max_items = 1000000
${options.pubsubConfig ?? ''}
`;
}

/** A Lua string. JSON's escapes are Lua's too, for text without control characters. */
const lua = (text: string): string => JSON.stringify(text);

const luaSet = (texts: readonly string[]): string => `{ ${texts.map(lua).join(', ')} }`;
