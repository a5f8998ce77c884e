import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LaunchError } from './error.js';
import { exists } from './files.js';
import { findProgram, run } from './run.js';

export interface UnpackOptions {
  /** What to fetch, with whatever it depends on. */
  readonly packages: readonly string[];
  /** Packages that are unpacked even if the system has them: those that must stay together. */
  readonly always: RegExp;
  /** Where it ends up. Complete if it exists. */
  readonly target: string;
  readonly log: (line: string) => void;
}

/** True on Debian, Ubuntu and what derives from them. */
export const hasApt = async (): Promise<boolean> =>
  (await findProgram('apt-get')) !== undefined && (await findProgram('dpkg-deb')) !== undefined;

/**
 * Fetches packages of the distribution and unpacks them into a folder of ours: nothing is
 * installed, no root is needed, no service is started, apt's own lists are neither needed nor
 * touched. Packages that the system has already are left out.
 *
 * The target appears by a rename when all is in it, so a run that was interrupted is simply done
 * again, and of two runs at once one wins.
 */
export async function unpackPackages(options: UnpackOptions): Promise<void> {
  const { target, packages, log } = options;
  if (await exists(target)) return;
  await removeLeftovers(target);
  const work = `${target}.partial-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    log(`fetching ${packages.join(', ')} from this machine's package sources ...`);
    const apt = await privateApt(work);
    const wanted = await missingPackages(apt, options);
    const debs = join(work, 'debs');
    await mkdir(debs, { recursive: true });
    await apt(['download', ...wanted], debs);
    const tree = join(work, 'tree');
    await mkdir(tree);
    for (const deb of await readdir(debs)) await run('dpkg-deb', ['-x', join(debs, deb), tree]);
    await writeFile(join(tree, 'PACKAGES'), `${(await readdir(debs)).join('\n')}\n`);
    await rename(tree, target).catch(async (error: unknown) => {
      if (!(await exists(target))) throw error; // else another run was faster: the same packages
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type Apt = (args: readonly string[], cwd?: string) => Promise<string>;

/** apt-get with its state in a folder of ours, where nothing counts as installed. */
async function privateApt(dir: string): Promise<Apt> {
  await mkdir(join(dir, 'lists/partial'), { recursive: true });
  await mkdir(join(dir, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(dir, 'status'), '');
  const settings = [
    `Dir::State=${dir}`,
    `Dir::State::lists=${dir}/lists`,
    `Dir::State::status=${dir}/status`,
    `Dir::Cache=${dir}/cache`,
    'APT::Sandbox::User=', // as root, apt would change to a user that may not enter our folder
    'Debug::NoLocking=1',
    'Acquire::Retries=3',
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  const apt: Apt = (args, cwd = dir) =>
    run('apt-get', [...options, ...args], {
      cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      timeoutMs: 300_000,
    });
  await apt(['update', '-q']);
  return apt;
}

async function missingPackages(apt: Apt, { packages, always }: UnpackOptions): Promise<string[]> {
  const install = ['install', '--yes', '--no-install-recommends', '--print-uris', ...packages];
  const uris = await apt(install);
  const all = [...uris.matchAll(/^'[^']+' (\S+)_\S+_\S+\.deb /gm)].flatMap(
    ([, name]) => name ?? [],
  );
  if (all.length === 0) {
    throw new LaunchError('command-failed', `apt-get names no package for ${packages.join(', ')}.`);
  }
  const installed = await installedPackages();
  return all.filter((name) => always.test(name) || !installed.has(name));
}

async function installedPackages(): Promise<ReadonlySet<string>> {
  const list = await run('dpkg', ['--get-selections']);
  return new Set(
    [...list.matchAll(/^([^\s:]+)\S*\s+(?:install|hold)$/gm)].flatMap(([, name]) => name ?? []),
  );
}

/** Folders of earlier runs that were killed. One whose process still lives is left alone. */
async function removeLeftovers(target: string): Promise<void> {
  const parent = join(target, '..');
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const [, pid] = /\.partial-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
    if (pid === undefined || !name.startsWith(`${basename(target)}.`) || isAlive(Number(pid)))
      continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
