import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTestCa } from '@heavylift/ejabberd';
import { parse } from 'yaml';
import { z } from 'zod';
import { infra } from '../files.js';
import { dockerOf, dockerWithInput, imageOf, type Requirements, services } from './engine.js';

/** The users that the images run as. */
const [SERVER, NOBODY] = [9000, 10_001];

/** A copy of a file of `infra/compose`, with all that belongs beside it. */
export interface Deployment {
  readonly domain: string;
  /** Of the authority that issued the server's certificate. */
  readonly ca: string;
  compose(...args: readonly string[]): Promise<string>;
  /** With further files beside the first one. */
  composeWith(files: readonly string[], ...args: readonly string[]): Promise<string>;
  /** With a file beside the first one as standard input. */
  composeWithInput(file: string, ...args: readonly string[]): Promise<string>;
  /** A file beside the first one. */
  write(name: string, content: string): Promise<void>;
  /** Where the first file is. */
  readonly folder: string;
  /** Where a port of a service's container is published. */
  address(service: string, port: number): Promise<string>;
  /** @returns a password */
  register(service: string, username: string, password?: string): Promise<string>;
  /** With all containers and volumes. */
  remove(): Promise<void>;
}

/** Prepares what `docs/deploying.md` says. As root. */
export async function prepare(
  { engine, server, base }: Requirements,
  file: string,
  name = file.replace('.yaml', ''),
): Promise<Deployment> {
  const dir = await mkdtemp(join(tmpdir(), 'heavylift-compose-'));
  const folder = join(dir, 'compose');
  for (const path of [
    'compose/tls',
    'compose/env',
    'compose/handlers',
    'ejabberd',
    'observability',
  ]) {
    await mkdir(join(dir, path), { recursive: true });
  }
  await writeFile(join(folder, file), infra(`compose/${file}`));
  for (const path of [
    ...['ejabberd/ejabberd.yml', 'ejabberd/register-account.sh'],
    ...['observability/prometheus-compose.yaml', 'observability/alerts.yaml'],
  ])
    await writeFile(join(dir, path), infra(path), { mode: 0o755 });
  const ca = await makeTestCa();
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, ca.certificate);
  const certificate = join(folder, 'tls/heavylift.pem');
  await writeFile(certificate, await ca.issue(['example.org']), { mode: 0o600 });
  await chown(certificate, SERVER, SERVER);
  const adminPassword = 'secret-of-admin';
  await writeFile(join(folder, 'admin-password'), adminPassword, { mode: 0o400 });
  for (const path of ['admin-password', 'env']) await chown(join(folder, path), NOBODY, NOBODY);
  await writeFile(join(folder, 'override.yaml'), override(infra(`compose/${file}`)));

  const env = {
    ...process.env,
    EJABBERD_IMAGE: server,
    NODE_IMAGE: base,
    ERLANG_COOKIE: 'cookie-of-tests',
    ...Object.fromEntries(
      ['cli', ...services].map((each) => [`HEAVYLIFT_${each.toUpperCase()}_IMAGE`, imageOf(each)]),
    ),
  };
  const docker = dockerOf(engine, env);
  const withInput = dockerWithInput(engine, env);
  const composeArgs = (files: readonly string[]) => [
    ...['compose', '--project-name', `heavylift-test-${name}`],
    ...[file, ...files, 'override.yaml'].map((each) => `--file=${join(folder, each)}`),
  ];
  const composeWith = (files: readonly string[], ...args: readonly string[]) =>
    docker(...composeArgs(files), ...args);
  const compose = (...args: readonly string[]) => composeWith([], ...args);
  const composeWithInput = (input: string, ...args: readonly string[]) =>
    withInput(join(folder, input), ...composeArgs([]), ...args);
  const clear = () => compose('down', '--volumes', '--remove-orphans', '--timeout=10');
  // What a test left that was killed.
  await clear();
  return {
    domain: 'example.org',
    ca: ca.certificate,
    compose,
    composeWith,
    composeWithInput,
    folder,
    write: (path, content) => writeFile(join(folder, path), content),
    address: (service, port) => compose('port', service, `${port}`),
    register: async (service, username, password = `secret-of-${username}`) => {
      await writeFile(join(folder, 'password'), `${password}\n`);
      // As the page has it: the password comes by standard input.
      const args = ['exec', '-T', service, 'register-account', username, 'example.org'];
      await composeWithInput('password', ...args);
      return password;
    },
    remove: async () => {
      await clear();
      await rm(dir, { recursive: true });
    },
  };
}

const composeFile = z.looseObject({
  services: z.record(z.string(), z.looseObject({ image: z.string() })),
});

/** Beside other servers on this machine, and for a certificate of no public authority; else as it is. */
function override(file: string): string {
  const server = `
    ports: !override ['127.0.0.1::5222']
    healthcheck:
      interval: 2s
      start_period: 120s`;
  const trusting = `
    volumes: ['./authority.pem:/authority.pem:ro']
    environment:
      NODE_EXTRA_CA_CERTS: /authority.pem`;
  const all = Object.entries(composeFile.parse(parse(file, { merge: true })).services);
  const lines = all
    .filter(([, { image }]) => !image.includes('PROMETHEUS_IMAGE'))
    .map(
      ([name, { image }]) => `  ${name}:${image.includes('EJABBERD_IMAGE') ? server : trusting}`,
    );
  return `services:\n${lines.join('\n')}\n`;
}
