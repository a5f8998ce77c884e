import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adminApi } from './api.js';
import {
  ADMIN,
  type ConfigOptions,
  DOMAIN,
  ejabberdConfig,
  type Ports,
  PUBSUB_SERVICE,
  toYaml,
} from './config.js';
import type { Installation } from './installation.js';
import { launch, type Place, portTaken } from './launch/private.js';
import { anyInstallation } from './packages.js';
import type { EjabberdServer } from './server.js';

export interface EjabberdOptions
  extends Pick<ConfigOptions, 'configure' | 'disabledMechanisms' | 'nodeCreators' | 'requireTls'> {
  /** What to run. @default the one on this machine, else Debian's packages unpacked */
  readonly installation?: Installation;
  /**
   * Where configuration and data are kept: a folder of yours, which stays. Accounts and nodes are
   * there again when the next server is started in it.
   * @default a new temporary folder, which is removed when the server is stopped
   */
  readonly dir?: string;
  /** The administrator's password. @default random */
  readonly adminPassword?: string;
  /** A private key and its certificate chain, PEM. @default no TLS */
  readonly tls?: string;
  /** Time until it must be ready, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
}

/**
 * Starts an ejabberd as a private child process: its own configuration, data, node name and
 * random free ports, on the loopback interface only, as whatever user we are.
 *
 * It ends with this process, however this one ends; see {@link BOOT}.
 *
 * @throws {@link LaunchError} `start-failed` or `start-timeout`, with the end of ejabberd's log.
 */
export function startEjabberd(options: EjabberdOptions = {}): Promise<EjabberdServer> {
  return startNode(options);
}

/** What a node of a cluster is besides: see {@link startEjabberdCluster}. */
export interface Membership {
  /** An address of the loopback interface for itself. Its Erlang name is `heavylift@` and this. */
  readonly address: string;
  /** The address where it listens for others, if something stands between. @default its address */
  readonly listen?: string;
  /** The port of Erlang's own protocol, the same for all nodes. */
  readonly port: number;
  /** The secret by which nodes know each other. */
  readonly cookie: string;
  /** The address of a node whose cluster it joins, unless it is in it already. */
  readonly join?: string;
}

/** Starts an ejabberd that is alone, or one that is a node of a cluster. */
export async function startNode(
  options: EjabberdOptions,
  membership?: Membership,
): Promise<EjabberdServer> {
  const installation = options.installation ?? (await anyInstallation());
  const password = options.adminPassword ?? randomBytes(18).toString('base64url');
  const server = await launch({
    name: `ejabberd ${installation.version}`,
    dir: options.dir,
    timeoutMs: options.timeoutMs,
    portCount: 4,
    prepare: async (place) => {
      await writeFiles(place, options, membership);
      return {
        command: join(installation.bin, 'erlexec'),
        args: erlangArguments(installation, place, membership),
        env: erlangEnvironment(installation, place, password),
      };
    },
    isReady,
  });
  const { c2s, c2sTls, http } = named(server.ports);
  const api = adminApi(http, password);
  return {
    service: `xmpp://127.0.0.1:${c2s}`,
    ...(options.tls === undefined ? {} : { tlsService: `xmpps://127.0.0.1:${c2sTls}` }),
    websocket: `ws://127.0.0.1:${http}/ws`,
    domain: DOMAIN,
    pubsub: PUBSUB_SERVICE,
    admin: { username: ADMIN, password },
    dir: server.dir,
    logFile: server.logFile,
    get pid() {
      return server.pid;
    },
    get running() {
      return server.running;
    },
    api: api.call,
    register: api.register,
    kill: server.kill,
    restart: server.restart,
    stop: server.stop,
  };
}

/** Deeply nested XML overflows the default stack of a scheduler, which ends the whole server: words of 8 bytes for each, in thousands. */
export const DEEP_STACK = '+sss 8192';

interface NamedPorts extends Ports {
  /** Erlang's own protocol between nodes. Nobody needs it, but a node with a name listens. */
  readonly distribution: number;
}

function named([c2s = 0, c2sTls = 0, http = 0, distribution = 0]: readonly number[]): NamedPorts {
  return { c2s, c2sTls, http, distribution };
}

async function writeFiles(
  { dir, ports }: Place,
  options: EjabberdOptions,
  { cookie: shared = randomBytes(24).toString('base64url') }: Partial<Membership> = {},
): Promise<void> {
  const certFile = join(dir, 'server.pem');
  if (options.tls !== undefined) await writeFile(certFile, options.tls, { mode: 0o600 });
  const config = ejabberdConfig({
    ...options,
    ports: named(ports),
    ip: '127.0.0.1',
    ...(options.tls === undefined ? {} : { certFile }),
  });
  await writeFile(join(dir, 'ejabberd.yml'), toYaml(config), { mode: 0o600 });
  await writeFile(join(dir, 'ejabberd.schema'), SCHEMA);
  // Names are looked up in this file first: `localhost` must be there, whatever /etc/hosts says.
  await writeFile(
    join(dir, 'inetrc'),
    '{lookup, ["file", "native"]}.\n{host, {127,0,0,1}, ["localhost"]}.\n',
  );
  // Whoever knows it can run code in the Erlang node: so a new secret for each launch, and in a
  // file, not in the process list.
  const cookie = join(dir, '.erlang.cookie');
  await rm(cookie, { force: true });
  await writeFile(cookie, shared, { mode: 0o400 });
}

const PORT_TAKEN = /Failed to open socket|address already in use|eaddrinuse/i;
const READY = 'heavylift: ejabberd is ready';

/** Ready when all is up and the administrator can log in, which {@link BOOT} reports. */
function isReady(output: string): boolean {
  if (PORT_TAKEN.test(output)) throw portTaken('ejabberd');
  return output.includes(READY);
}

/**
 * Erlang that runs in ejabberd's process.
 *
 * `leash`: standard input is a pipe from our process. Its end means that we are gone, even by
 * SIGKILL: ejabberd is then stopped, its folder removed if nobody wants to keep it. Erlang itself
 * does not read standard input (`-noinput`), so nobody competes for it.
 *
 * `tables`: see {@link SCHEMA}. The index has to be made anew: the one of the table on disk would stay with it.
 */
const BOOT = {
  leash: `
    spawn(fun() ->
      Stdin = open_port({fd, 0, 0}, [in, eof]),
      receive {Stdin, eof} -> ok end,
      spawn(fun() -> timer:sleep(8000), erlang:halt(1, [{flush, false}]) end),
      catch application:stop(ejabberd),
      catch application:stop(mnesia),
      case os:getenv("HEAVYLIFT_REMOVE_FOLDER") of
        false -> ok;
        Folder -> file:del_dir_r(Folder)
      end,
      erlang:halt(0, [{flush, false}])
    end).`,
  tables: `
    case catch mnesia:table_info(pubsub_item, storage_type) of
      disc_only_copies ->
        {atomic, ok} = mnesia:del_table_index(pubsub_item, nodeidx),
        {atomic, ok} = mnesia:change_table_copy_type(pubsub_item, node(), disc_copies),
        {atomic, ok} = mnesia:add_table_index(pubsub_item, nodeidx);
      _ -> ok
    end.`,
  admin: `
    User = list_to_binary(os:getenv("HEAVYLIFT_ADMIN")),
    Host = list_to_binary(os:getenv("HEAVYLIFT_DOMAIN")),
    Password = list_to_binary(os:getenv("HEAVYLIFT_ADMIN_PASSWORD")),
    case ejabberd_auth:user_exists(User, Host) of
      true -> ok = ejabberd_auth:set_password(User, Host, Password);
      _ -> ok = ejabberd_auth:try_register(User, Host, Password)
    end,
    io:format("${READY}~n").`,
} as const;

/**
 * PubSub items are kept in memory too, and in a log on disk. As ejabberd has them, on disk only, each new item costs time in proportion to the
 * items of its node: 2 ms with a thousand. The table is changed once, by `BOOT.tables`; this file keeps ejabberd from changing it back.
 */
const SCHEMA = '- pubsub_item:\n    storage_type: disc_copies\n';

export const nodeName = (address: string): string => `heavylift@${address}`;

/** Takes over the tables of a node, which restarts ejabberd; once, for the data say that it was done. */
const joining = (address: string): string => `
    case lists:member('${nodeName(address)}', mnesia:system_info(db_nodes)) of
      true -> ok;
      false -> ok = ejabberd_cluster:join('${nodeName(address)}')
    end.`;

function erlangArguments(
  { boot }: Installation,
  { dir, ports }: Place,
  membership: Membership | undefined,
): readonly string[] {
  const { address = '127.0.0.1', port = named(ports).distribution } = membership ?? {};
  const listen = membership?.listen ?? address;
  return [
    ...['-boot', boot],
    '-noinput',
    // The data belong to the node of this name. Without epmd, a daemon that would stay behind,
    // the name is seen by nobody, so any number of servers can have it.
    ...(membership === undefined
      ? ['-sname', 'heavylift@localhost']
      : ['-name', nodeName(address)]),
    ...['-start_epmd', 'false', '-erl_epmd_port', String(port)],
    ...['-kernel', 'inet_dist_use_interface', `{${listen.replaceAll('.', ',')}}`],
    ...['-mnesia', 'dir', JSON.stringify(join(dir, 'database'))],
    ...['-eval', BOOT.leash],
    ...['-s', 'ejabberd'],
    ...(membership?.join === undefined ? [] : ['-eval', joining(membership.join)]),
    ...['-eval', BOOT.tables],
    ...['-eval', BOOT.admin],
  ];
}

function erlangEnvironment(
  { root, bin, libraries, where }: Installation,
  { dir, temporary }: Place,
  adminPassword: string,
): NodeJS.ProcessEnv {
  return {
    // What the script `erl` would set: it has its own place written into it, so it can't be used
    // for packages that were unpacked elsewhere.
    ROOTDIR: root,
    BINDIR: bin,
    EMU: 'beam',
    PROGNAME: 'erl',
    PATH: `${bin}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    LANG: 'C.UTF-8',
    HOME: dir,
    ERL_LIBS: libraries,
    ...(where === '/' ? {} : { LD_LIBRARY_PATH: libraries }),
    ERL_INETRC: join(dir, 'inetrc'),
    ERL_CRASH_DUMP_BYTES: '0',
    // Others need the processors, too: its threads are not to spin while they wait for work.
    ERL_ZFLAGS: `+sbwt none +sbwtdcpu none +sbwtdio none ${DEEP_STACK}`,
    EJABBERD_CONFIG_PATH: join(dir, 'ejabberd.yml'),
    EJABBERD_MNESIA_SCHEMA: dir,
    EJABBERD_LOG_PATH: join(dir, 'ejabberd.log'),
    HEAVYLIFT_ADMIN: ADMIN,
    HEAVYLIFT_DOMAIN: DOMAIN,
    HEAVYLIFT_ADMIN_PASSWORD: adminPassword,
    ...(temporary ? { HEAVYLIFT_REMOVE_FOLDER: dir } : {}),
  };
}
