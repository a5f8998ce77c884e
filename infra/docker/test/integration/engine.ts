import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Engine, ensureImage, findEngine, OFFICIAL_IMAGE } from '@heavylift/ejabberd';

export interface Requirements {
  readonly engine: Engine;
  /** Of ejabberd. */
  readonly server: string;
  /** With Node, for the services. */
  readonly base: string;
}

/** An engine and the images that can only be had from a registry; without, says loudly what is skipped and why. */
export async function requirements(suite: string): Promise<Requirements | undefined> {
  const server = process.env['EJABBERD_IMAGE'] || OFFICIAL_IMAGE;
  const base = process.env['NODE_IMAGE'] || 'node:20-slim';
  const engine = await findEngine();
  if (typeof engine === 'string') return skipped(suite, engine);
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
  const line = '*'.repeat(100);
  process.stderr.write(`\n${line}\nSKIPPED: ${suite}, because ${why}\n${line}\n\n`);
}

export type Docker = (...args: readonly string[]) => Promise<string>;

const workspace = fileURLToPath(new URL('../../../../', import.meta.url));

/** Runs the client at the root of the workspace. @returns what it printed */
export const dockerOf =
  ({ docker }: Engine): Docker =>
  async (...args) => {
    const { stdout } = await promisify(execFile)(docker, args, { cwd: workspace });
    return stdout.trim();
  };

/** Builds the image of a service. @returns its name */
export async function build(docker: Docker, service: string, base: string): Promise<string> {
  const image = `heavylift-test/${service}`;
  const args = [`--build-arg=BASE=${base}`, `--build-arg=SERVICE=${service}`];
  await docker('build', '--file=infra/docker/service.Dockerfile', ...args, `--tag=${image}`, '.');
  return image;
}
