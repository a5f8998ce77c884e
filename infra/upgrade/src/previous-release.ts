import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sameDependencies } from './lock.js';

const workspace = fileURLToPath(new URL('../../../', import.meta.url));

/** The services of a release, built. */
export interface Release {
  /** @returns the main file of a service */
  mainOf(service: string): string;
  /** Removes it from the disk. */
  remove(): Promise<void>;
}

/**
 * The commit in `infra/upgrade/previous-release`, where a tag may stand as well.
 * @throws Error if this clone does not hold it, with words for whoever asks why
 */
export async function previousCommit(): Promise<string> {
  const name = await readFile(join(workspace, 'infra/upgrade/previous-release'), 'utf8');
  try {
    return await git('rev-parse', '--verify', '--quiet', `${name.trim()}^{commit}`);
  } catch (cause) {
    throw new Error(
      `this clone does not hold ${name.trim()}, the previous release; \`git fetch --unshallow --tags\` gets it`,
      { cause },
    );
  }
}

/**
 * Builds the services of a commit in a folder of their own, with the compiler of this checkout and, as long as both want the same, its
 * dependencies.
 */
export async function buildRelease(commit: string): Promise<Release> {
  const folder = await mkdtemp(join(tmpdir(), 'heavylift-release-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await unpack(commit, folder);
    await provideDependencies(folder);
    const services = await readdir(join(folder, 'services'));
    const projects = services.map((name) => join(folder, 'services', name, 'tsconfig.build.json'));
    // Its types were checked before it was released.
    await run(process.execPath, [compiler(), '--build', '--noCheck', ...projects], folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return { mainOf: (service) => join(folder, 'services', service, 'dist/main.js'), remove };
}

/** Not a worktree: whatever ends us, the repository remembers nothing of it. */
async function unpack(commit: string, folder: string): Promise<void> {
  const archive = join(folder, 'release.tar');
  await git('archive', `--output=${archive}`, commit);
  await run('tar', ['-xf', archive], folder);
  await rm(archive);
}

async function provideDependencies(folder: string): Promise<void> {
  const [theirs, ours] = await Promise.all(
    [folder, workspace].map((root) => readFile(join(root, 'package-lock.json'), 'utf8')),
  );
  if (theirs !== undefined && ours !== undefined && sameDependencies(theirs, ours))
    await linkDependencies(folder);
  else await installDependencies(folder);
}

/** What its services run with, and for the compiler the declarations that this checkout has: all else would take a minute. */
async function installDependencies(folder: string): Promise<void> {
  const options = ['--omit=dev', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['ci', ...options], folder);
  const declarations = join('node_modules', '@types');
  await rm(join(folder, declarations), { recursive: true, force: true });
  await symlink(join(workspace, declarations), join(folder, declarations));
}

/** Packages of others are those of this checkout, packages of ours are the release's own. */
async function linkDependencies(folder: string): Promise<void> {
  const installed = join(workspace, 'node_modules');
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@heavylift'), { recursive: true });
  for (const name of await readdir(installed))
    if (name !== '@heavylift' && !name.startsWith('.'))
      await symlink(join(installed, name), join(modules, name));
  for (const group of ['libs', 'services', 'infra'])
    for (const name of await readdir(join(folder, group))) {
      await symlink(join(folder, group, name), join(modules, '@heavylift', name));
      // Where two versions of a package are needed, one lies there.
      const own = join(group, name, 'node_modules');
      if (existsSync(join(workspace, own))) await symlink(join(workspace, own), join(folder, own));
    }
}

const compiler = (): string =>
  join(
    dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')),
    'bin/tsc',
  );

const git = (...args: readonly string[]): Promise<string> => run('git', args, workspace);

/** @returns what it printed */
function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      // The compiler tells on standard output what is wrong.
      else reject(new Error(`${error.message}\n${stdout}${stderr}`, { cause: error }));
    });
  });
}
