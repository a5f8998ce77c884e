import { execFile, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Engine, ensureImage, findEngine, OFFICIAL_IMAGE } from '@heavylift/ejabberd';
import { fingerprint } from './fingerprint.js';

export interface Requirements {
  readonly engine: Engine;
  /** Of ejabberd. */
  readonly server: string;
  /** With Node, for the services. */
  readonly base: string;
}

/**
 * An engine, the images that can only be had from a registry, and perhaps a plugin of the client's; without, says loudly what is
 * skipped and why.
 */
export async function requirements(
  suite: string,
  plugin?: 'compose',
): Promise<Requirements | undefined> {
  const server = process.env['EJABBERD_IMAGE'] || OFFICIAL_IMAGE;
  const base = process.env['NODE_IMAGE'] || 'node:20-slim';
  const engine = await findEngine();
  if (typeof engine === 'string') return skipped(suite, engine);
  if (plugin !== undefined && !(await works(engine, plugin)))
    return sayIsSkipped(suite, `\`docker ${plugin}\` is not installed`);
  try {
    await ensureImage(engine, server);
    await ensureImage(engine, base);
  } catch (error) {
    return skipped(suite, error instanceof Error ? error.message : String(error));
  }
  return { engine, server, base };
}

function skipped(suite: string, why: string): undefined {
  // Where the engine is provided, its absence is a failure.
  if (process.env['CONTAINER_SUITES'] === 'required') throw new Error(`${suite}: ${why}`);
  return sayIsSkipped(suite, why);
}

/** A plugin cannot be had everywhere that an engine can. */
function works(engine: Engine, plugin: string): Promise<boolean> {
  return dockerOf(engine)(plugin, 'version').then(
    () => true,
    () => false,
  );
}

function sayIsSkipped(suite: string, why: string): undefined {
  const line = '*'.repeat(100);
  process.stderr.write(`\n${line}\nSKIPPED: ${suite}, because ${why}\n${line}\n\n`);
}

export type Docker = (...args: readonly string[]) => Promise<string>;

const workspace = fileURLToPath(new URL('../../../../', import.meta.url));

/** Runs the client at the root of the workspace. @returns what it printed */
export const dockerOf =
  ({ docker }: Engine, env: NodeJS.ProcessEnv = process.env): Docker =>
  async (...args) => {
    const { stdout } = await promisify(execFile)(docker, args, { cwd: workspace, env });
    return stdout.trim();
  };

/** As {@link dockerOf}, with a file as standard input. */
export const dockerWithInput =
  ({ docker }: Engine, env: NodeJS.ProcessEnv) =>
  async (file: string, ...args: readonly string[]): Promise<string> => {
    const input = await open(file);
    try {
      const child = spawn(docker, args, { cwd: workspace, env, stdio: [input.fd, 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      const code = await new Promise((resolve, reject) => {
        child.once('error', reject).once('close', resolve);
      });
      if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${said}`);
      return said;
    } finally {
      await input.close();
    }
  };

export const services = ['dispatcher', 'notifier', 'lifter'] as const;

/** The image of a service that {@link buildAll} makes. */
export const imageOf = (service: string): string => `heavylift-test/${service}`;

const LABEL = 'org.heavylift.test.of';

/** Builds the images of all services and of the command, unless another suite has built them of the same files. */
export async function buildAll(docker: Docker, base: string): Promise<void> {
  const id = await docker('image', 'inspect', '--format={{.Id}}', base);
  const of = await fingerprint(workspace, id);
  const build = async (service: string): Promise<void> => {
    const image = imageOf(service);
    const label = `--format={{index .Config.Labels "${LABEL}"}}`;
    const built = await docker('image', 'inspect', label, image).catch(() => undefined);
    if (built === of) return;
    await docker(
      ...['build', '--file=infra/docker/service.Dockerfile', `--tag=${image}`],
      ...[`--label=${LABEL}=${of}`, `--build-arg=BASE=${base}`, `--build-arg=SERVICE=${service}`],
      '.',
    );
  };
  // The first one makes the layer that all have in common.
  await build('cli');
  await Promise.all(services.map(build));
}
