import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN, DOMAIN, type PrivateServer, PUBSUB_SERVICE } from '@heavylift/ejabberd';
import { LaunchError, launch, type Place, portTaken, run } from '@heavylift/ejabberd/launch';
import { type ConfigOptions, MODULES, prosodyConfig } from './config.js';
import { findProsody, type Installation } from './installation.js';
import { LEASH, NODE_CREATORS } from './modules.js';

export interface ProsodyOptions
  extends Pick<
    ConfigOptions,
    'disabledMechanisms' | 'globalConfig' | 'nodeCreators' | 'pubsubConfig' | 'requireTls'
  > {
  /** What to run. @default whatever {@link findProsody} finds */
  readonly installation?: Installation;
  /** A folder to keep. @default a temporary one, removed when the server is stopped */
  readonly dir?: string;
  /** The administrator's password. @default random */
  readonly adminPassword?: string;
  /** A private key and its certificate chain, PEM. @default no TLS */
  readonly tls?: string;
  /** Time until it must be ready, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
}

/** A private Prosody. It offers no WebSocket. */
export type ProsodyServer = PrivateServer;

/**
 * Starts a Prosody as a private child process, on loopback only. It ends with this process,
 * however this one ends.
 *
 * @throws {@link LaunchError} `nothing-to-run`, `start-failed` or `start-timeout`.
 */
export async function startProsody(options: ProsodyOptions = {}): Promise<ProsodyServer> {
  const installation = options.installation ?? (await findProsody());
  if (installation === undefined) {
    throw new LaunchError('nothing-to-run', 'No Prosody with SQLite storage is on this machine.');
  }
  const password = options.adminPassword ?? randomBytes(18).toString('base64url');
  // Creates the account, or sets its password.
  const register = async (dir: string, username: string, secret: string): Promise<void> => {
    const command = ['--root', '--config', configFile(dir), 'register', username, DOMAIN, secret];
    const env = environment(installation, dir);
    await run(installation.lua, [join(dir, 'prosodyctl'), ...command], { cwd: dir, env });
  };

  const server = await launch({
    name: 'Prosody',
    dir: options.dir,
    timeoutMs: options.timeoutMs,
    portCount: 2,
    prepare: async (place) => {
      await writeFiles(installation, place, options);
      await register(place.dir, ADMIN, password);
      return {
        command: installation.lua,
        args: [join(place.dir, 'prosody'), '--config', configFile(place.dir), '-F'],
        env: {
          ...environment(installation, place.dir),
          ...(place.temporary ? { HEAVYLIFT_REMOVE_FOLDER: place.dir } : {}),
        },
      };
    },
    isReady,
  });
  const [c2s, c2sTls] = server.ports;
  return {
    service: `xmpp://127.0.0.1:${c2s}`,
    ...(options.tls === undefined ? {} : { tlsService: `xmpps://127.0.0.1:${c2sTls}` }),
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
    register: (username, secret) => register(server.dir, username, secret),
    kill: server.kill,
    restart: server.restart,
    stop: server.stop,
  };
}

const configFile = (dir: string): string => join(dir, 'prosody.cfg.lua');

const environment = ({ environment }: Installation, dir: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  LANG: 'C.UTF-8',
  HOME: dir,
  ...environment,
});

async function writeFiles(
  { where }: Installation,
  { dir, ports }: Place,
  options: ProsodyOptions,
): Promise<void> {
  const [c2s = 0, c2sTls = 0] = ports;
  const certFile = join(dir, 'server.pem');
  if (options.tls !== undefined) await writeFile(certFile, options.tls, { mode: 0o600 });
  const tls = options.tls === undefined ? {} : { certFile };
  const config = prosodyConfig({ ...options, ...tls, dir, ports: { c2s, c2sTls } });
  await writeFile(configFile(dir), config, { mode: 0o600 });
  await mkdir(join(dir, 'data'), { recursive: true });
  await mkdir(join(dir, 'certs'), { recursive: true });
  await mkdir(join(dir, 'modules'), { recursive: true });
  await writeFile(join(dir, 'modules', `mod_${MODULES.leash}.lua`), LEASH);
  await writeFile(join(dir, 'modules', `mod_${MODULES.creators}.lua`), NODE_CREATORS);
  // Both programs have their own place written into them. These copies know where it is now.
  for (const program of ['prosody', 'prosodyctl']) {
    const script = await readFile(join(where, 'usr/bin', program), 'utf8');
    const moved = script.replaceAll("'/usr/lib/prosody", `'${join(where, 'usr/lib/prosody')}`);
    await writeFile(join(dir, program), moved);
  }
}

function isReady(output: string): boolean {
  if (/Failed to open server port/.test(output)) throw portTaken('Prosody');
  return output.includes('heavylift: prosody is ready');
}
