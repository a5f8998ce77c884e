import { createHash, randomBytes } from 'node:crypto';
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
import { messageOf } from './launch/error.js';
import { launch, type Place } from './launch/private.js';
import { findProgram, run } from './launch/run.js';
import type { EjabberdServer } from './server.js';
import type { EjabberdOptions } from './start.js';
import { DEEP_STACK } from './start.js';

/** Pinned: releases before it have known security holes. `EJABBERD_IMAGE` names another one. */
export const OFFICIAL_IMAGE = 'ghcr.io/processone/ejabberd:26.07';

/** What is where inside the official image, and inside ours of Debian's packages. */
export const CONTAINER = {
  configFile: '/opt/ejabberd/conf/ejabberd.yml',
  certFile: '/opt/ejabberd/conf/heavylift.pem',
  dataFolder: '/opt/ejabberd/database',
  ports: { c2s: 5222, c2sTls: 5223, http: 5280 } satisfies Ports,
  /** The last line that ejabberd logs before clients can connect. */
  ready: /Start accepting TCP connections at \S+:5222 for ejabberd_c2s/,
} as const;

/** `ejabberd.yml` for a container, from the same options as a child process takes. */
export function containerConfig(
  options: Omit<ConfigOptions, 'ports' | 'ip' | 'certFile'> & { readonly tls?: string } = {},
): string {
  const certificate = options.tls === undefined ? {} : { certFile: CONTAINER.certFile };
  // Any address of the container's own: the engine publishes its ports on loopback only.
  return toYaml(ejabberdConfig({ ...options, ...certificate, ports: CONTAINER.ports, ip: '::' }));
}

/** A Docker engine that answers. */
export interface Engine {
  /** The client program. */
  readonly docker: string;
  readonly version: string;
}

/** @returns the engine, or why there is none. */
export async function findEngine(env: NodeJS.ProcessEnv = process.env): Promise<Engine | string> {
  const docker = await findProgram('docker', env);
  if (docker === undefined) return 'there is no docker program';
  try {
    const answer = await run(docker, ['version', '--format', '{{.Server.Version}}'], {
      env,
      timeoutMs: 10_000,
    });
    return { docker, version: answer.trim() };
  } catch {
    return 'no Docker engine answers';
  }
}

/** Pulls an image unless it is there. @throws {@link LaunchError} `command-failed` */
export async function ensureImage(
  { docker }: Engine,
  image: string,
  log: (line: string) => void = () => undefined,
): Promise<void> {
  try {
    await run(docker, ['image', 'inspect', image]);
  } catch {
    log(`Pulling the image ${image} ...`);
    await run(docker, ['pull', '--quiet', image], { timeoutMs: 300_000 });
  }
}

export interface ContainerOptions extends Omit<EjabberdOptions, 'installation'> {
  readonly engine: Engine;
  /** @default the official one */
  readonly image?: string;
}

/**
 * Starts ejabberd in a container, with the same configuration and the same handle as a child
 * process: data in a volume, ports published on loopback only.
 *
 * The child process is `docker run`, so that the container ends with us too: see {@link LEASH}.
 */
export async function startEjabberdContainer(options: ContainerOptions): Promise<EjabberdServer> {
  const { engine, image = OFFICIAL_IMAGE } = options;
  const password = options.adminPassword ?? randomBytes(18).toString('base64url');
  await ensureImage(engine, image);
  const docker = (...args: readonly string[]) => run(engine.docker, args);

  const server = await launch({
    name: `ejabberd in a container of ${image}`,
    dir: options.dir,
    portCount: 3,
    timeoutMs: options.timeoutMs ?? 60_000,
    prepare: async (place) => ({
      command: engine.docker,
      args: runArguments(place, image, options.tls !== undefined),
      env: {
        ...process.env,
        HEAVYLIFT_CONFIG: containerConfig(options),
        HEAVYLIFT_CERTIFICATE: options.tls ?? '',
      },
    }),
    isReady: (output) => CONTAINER.ready.test(output),
  });
  const name = containerName(server.dir);
  const [c2s = 0, http = 0, c2sTls = 0] = server.ports;

  const stop = async (): Promise<void> => {
    await server.stop();
    if (options.dir === undefined) await docker('volume', 'rm', '--force', name);
  };
  try {
    await setAdminPassword((...args) => docker('exec', name, 'ejabberdctl', ...args), password);
  } catch (error) {
    await stop();
    throw error;
  }

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
    kill: async (signal = 'SIGKILL') => {
      if (server.running) await docker('kill', '--signal', signal, name);
      await server.ended();
    },
    restart: server.restart,
    stop,
  };
}

/** The name of the container and of the volume that belong to a folder. */
export const containerName = (dir: string): string =>
  `heavylift-ejabberd-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;

function runArguments({ dir, ports }: Place, image: string, withTls: boolean): readonly string[] {
  const [c2s, http, c2sTls] = ports;
  const publish = (outside: number | undefined, inside: number): readonly string[] => [
    '--publish',
    `127.0.0.1:${outside}:${inside}`,
  ];
  const name = containerName(dir);
  return [
    ...['run', '--rm', '--interactive', '--name', name],
    ...['--volume', `${name}:${CONTAINER.dataFolder}`],
    ...publish(c2s, CONTAINER.ports.c2s),
    ...publish(http, CONTAINER.ports.http),
    ...(withTls ? publish(c2sTls, CONTAINER.ports.c2sTls) : []),
    // The data belong to the node of this name, not to the container's own host name.
    ...['--env', 'ERLANG_NODE_ARG=ejabberd@localhost', '--env', `ERL_ZFLAGS=${DEEP_STACK}`],
    ...['--env', 'HEAVYLIFT_CONFIG', '--env', 'HEAVYLIFT_CERTIFICATE'],
    ...['--entrypoint', 'sh', image, '-c', LEASH],
  ];
}

/**
 * The container's first process. It ends ejabberd in order on SIGTERM, which `docker run` passes
 * on to it, and when standard input ends: that is a pipe from our process, through `docker run`.
 */
const LEASH = `
printf %s "$HEAVYLIFT_CONFIG" >${CONTAINER.configFile}
printf %s "$HEAVYLIFT_CERTIFICATE" >${CONTAINER.certFile}
unset HEAVYLIFT_CONFIG HEAVYLIFT_CERTIFICATE
exec 3<&0
ejabberdctl foreground &
server=$!
trap 'ejabberdctl stop' TERM
{ read -r _ <&3; kill -TERM $$; } &
while kill -0 "$server" 2>/dev/null; do wait "$server"; done
`;

async function setAdminPassword(
  ejabberdctl: (...args: readonly string[]) => Promise<string>,
  password: string,
): Promise<void> {
  try {
    await ejabberdctl('register', ADMIN, DOMAIN, password);
  } catch (error) {
    if (!/already|exists/i.test(messageOf(error))) throw error;
    await ejabberdctl('change_password', ADMIN, DOMAIN, password);
  }
}
