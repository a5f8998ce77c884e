import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
import { type ServerProcess, spawnServer, waitUntilReady } from './launch/child.js';
import { isLaunchError } from './launch/error.js';
import { readIfThere } from './launch/files.js';
import { freePorts } from './launch/ports.js';
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
export async function startEjabberd(options: EjabberdOptions = {}): Promise<EjabberdServer> {
  const installation = options.installation ?? (await anyInstallation());
  const folder = await openFolder(options.dir);
  try {
    return await startOnFreePorts(installation, folder, options);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

interface Folder {
  readonly path: string;
  readonly temporary: boolean;
  close(): Promise<void>;
}

async function openFolder(dir: string | undefined): Promise<Folder> {
  if (dir === undefined) {
    const path = await mkdtemp(join(tmpdir(), 'heavylift-ejabberd-'));
    return { path, temporary: true, close: () => rm(path, { recursive: true, force: true }) };
  }
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o700); // passwords are in it
  return { path: dir, temporary: false, close: async () => undefined };
}

/** Another program may take a port between our look and ejabberd's start: then other ports. */
async function startOnFreePorts(
  installation: Installation,
  folder: Folder,
  options: EjabberdOptions,
): Promise<EjabberdServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await choosePorts(folder), installation, folder, options);
    } catch (error) {
      if (attempt === 3 || !isLaunchError(error) || !PORT_TAKEN.test(error.message)) throw error;
    }
  }
}

/** The same ports as last time if they are free, so that a chat client finds a kept server again. */
async function choosePorts({ path }: Folder): Promise<Ports & { readonly distribution: number }> {
  const file = join(path, 'ports');
  const last = (await readIfThere(file)) ?? '';
  const preferred = (last.match(/\d+/g) ?? []).map(Number);
  const [c2s = 0, c2sTls = 0, http = 0, distribution = 0] = await freePorts(4, preferred);
  await writeFile(file, `${[c2s, c2sTls, http, distribution].join(' ')}\n`);
  return { c2s, c2sTls, http, distribution };
}

async function startOn(
  ports: Ports & { readonly distribution: number },
  installation: Installation,
  folder: Folder,
  options: EjabberdOptions,
): Promise<EjabberdServer> {
  const dir = folder.path;
  const certFile = options.tls === undefined ? undefined : join(dir, 'server.pem');
  if (certFile !== undefined && options.tls !== undefined) {
    await writeFile(certFile, options.tls, { mode: 0o600 });
  }
  const config = ejabberdConfig({
    ...options,
    ports,
    ip: '127.0.0.1',
    ...(certFile === undefined ? {} : { certFile }),
  });
  const password = options.adminPassword ?? randomBytes(18).toString('base64url');
  await writeFile(join(dir, 'ejabberd.yml'), toYaml(config), { mode: 0o600 });
  // Names are looked up in this file first: `localhost` must be there, whatever /etc/hosts says.
  await writeFile(
    join(dir, 'inetrc'),
    '{lookup, ["file", "native"]}.\n{host, {127,0,0,1}, ["localhost"]}.\n',
  );
  // Whoever knows it can run code in the Erlang node: so a new secret, in a file, not in the
  // process list.
  const cookie = join(dir, '.erlang.cookie');
  await rm(cookie, { force: true });
  await writeFile(cookie, randomBytes(24).toString('base64url'), { mode: 0o400 });

  const boot = async (): Promise<ServerProcess> => {
    const server = await spawnServer({
      command: join(installation.bin, 'erlexec'),
      args: erlangArguments(installation, dir, ports.distribution),
      env: erlangEnvironment(installation, folder, password),
      cwd: dir,
      outputFile: join(dir, 'console.log'),
    });
    await waitUntilReady(server, {
      name: `ejabberd ${installation.version}`,
      isReady,
      timeoutMs: options.timeoutMs ?? 30_000,
    });
    return server;
  };

  let server = await boot();
  const api = adminApi(ports.http, password);
  return {
    service: `xmpp://127.0.0.1:${ports.c2s}`,
    ...(certFile === undefined ? {} : { tlsService: `xmpps://127.0.0.1:${ports.c2sTls}` }),
    websocket: `ws://127.0.0.1:${ports.http}/ws`,
    domain: DOMAIN,
    pubsub: PUBSUB_SERVICE,
    admin: { username: ADMIN, password },
    dir,
    logFile: join(dir, 'ejabberd.log'),
    get pid() {
      return server.pid;
    },
    get running() {
      return server.running;
    },
    api: api.call,
    register: api.register,
    kill: async (signal) => {
      await server.kill(signal);
    },
    restart: async () => {
      await server.stop();
      server = await boot();
    },
    stop: async () => {
      await server.stop();
      await folder.close();
    },
  };
}

const PORT_TAKEN = /Failed to open socket|address already in use|eaddrinuse/i;
const READY = 'heavylift: ejabberd is ready';

/** Ready when all is up and the administrator can log in, which {@link BOOT} reports. */
function isReady(output: string): boolean {
  if (PORT_TAKEN.test(output)) throw new Error('ejabberd found one of its ports taken.');
  return output.includes(READY);
}

/**
 * Erlang that runs in ejabberd's process.
 *
 * `leash`: standard input is a pipe from our process. Its end means that we are gone, even by
 * SIGKILL: ejabberd is then stopped, its folder removed if nobody wants to keep it. Erlang itself
 * does not read standard input (`-noinput`), so nobody competes for it.
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

function erlangArguments(
  { boot }: Installation,
  dir: string,
  distributionPort: number,
): readonly string[] {
  return [
    ...['-boot', boot],
    '-noinput',
    // The data belong to the node of this name. Without epmd, a daemon that would stay behind,
    // the name is seen by nobody, so any number of servers can have it.
    ...['-sname', 'heavylift@localhost'],
    ...['-start_epmd', 'false', '-erl_epmd_port', String(distributionPort)],
    ...['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'],
    ...['-mnesia', 'dir', JSON.stringify(join(dir, 'database'))],
    ...['-eval', BOOT.leash],
    ...['-s', 'ejabberd'],
    ...['-eval', BOOT.admin],
  ];
}

function erlangEnvironment(
  { root, bin, libraries, where }: Installation,
  folder: Folder,
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
    HOME: folder.path,
    ERL_LIBS: libraries,
    ...(where === '/' ? {} : { LD_LIBRARY_PATH: libraries }),
    ERL_INETRC: join(folder.path, 'inetrc'),
    ERL_CRASH_DUMP_BYTES: '0',
    EJABBERD_CONFIG_PATH: join(folder.path, 'ejabberd.yml'),
    EJABBERD_LOG_PATH: join(folder.path, 'ejabberd.log'),
    HEAVYLIFT_ADMIN: ADMIN,
    HEAVYLIFT_DOMAIN: DOMAIN,
    HEAVYLIFT_ADMIN_PASSWORD: adminPassword,
    ...(folder.temporary ? { HEAVYLIFT_REMOVE_FOLDER: folder.path } : {}),
  };
}
