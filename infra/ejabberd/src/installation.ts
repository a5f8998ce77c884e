import { join } from 'node:path';
import { exists, namesIn } from './launch/files.js';

/** ejabberd and the Erlang that runs it, as files on this machine. */
export interface Installation {
  /** ejabberd's version, e.g. `23.01`. */
  readonly version: string;
  /** The folder below which all of it lies, for messages. */
  readonly where: string;
  /** Erlang's root folder. */
  readonly root: string;
  /** Erlang's programs, among them `erlexec`. */
  readonly bin: string;
  /** The boot file that starts a plain Erlang, without its suffix. */
  readonly boot: string;
  /** The folder with ejabberd's own libraries, and with shared objects if they were unpacked. */
  readonly libraries: string;
}

/**
 * Looks for an ejabberd that can be run as a private child process. Three layouts are known:
 * Debian's and Ubuntu's packages, ejabberd's own packages (all in `/opt/ejabberd-VERSION`), and
 * `make install`, which leaves Erlang where it was.
 *
 * @param prefix where the file system begins: other than `/` for packages that were unpacked.
 */
export async function findInstallation(prefix = '/'): Promise<Installation | undefined> {
  const usr = await children(join(prefix, 'usr/lib'));
  const opt = (await children(join(prefix, 'opt'))).filter((dir) => /\/ejabberd-[^/]+$/.test(dir));
  const erlang = ['usr/lib/erlang', 'usr/lib64/erlang', 'usr/local/lib/erlang'].map((dir) =>
    join(prefix, dir),
  );
  const candidates = [
    ...opt.map((dir) => ({ libraries: join(dir, 'lib'), roots: [dir] })),
    ...[join(prefix, 'usr/local/lib'), ...usr].map((libraries) => ({ libraries, roots: erlang })),
  ];
  for (const { libraries, roots } of candidates) {
    const version = await ejabberdVersion(libraries);
    if (version === undefined) continue;
    for (const root of roots) {
      const runtime = await erlangRuntime(root);
      if (runtime !== undefined) return { version, where: prefix, root, libraries, ...runtime };
    }
  }
  return undefined;
}

async function ejabberdVersion(libraries: string): Promise<string | undefined> {
  for (const dir of await children(libraries)) {
    const [, version] = /\/ejabberd-(\d[\d.]*)[^/]*$/.exec(dir) ?? [];
    if (version !== undefined && (await exists(join(dir, 'ebin/ejabberd.app')))) return version;
  }
  return undefined;
}

async function erlangRuntime(
  root: string,
): Promise<Pick<Installation, 'bin' | 'boot'> | undefined> {
  const erts = (await children(root)).find((dir) => /\/erts-[\d.]+$/.test(dir));
  if (erts === undefined || !(await exists(join(erts, 'bin/erlexec')))) return undefined;
  const folders = [join(root, 'bin'), ...(await children(join(root, 'releases')))];
  for (const folder of folders) {
    const boot = join(folder, 'start_clean');
    if (await exists(`${boot}.boot`)) return { bin: join(erts, 'bin'), boot };
  }
  return undefined;
}

/** Full paths, the last name (the highest version) first. Empty if there is no such folder: among folders lie files, too. */
async function children(dir: string): Promise<string[]> {
  const names = await namesIn(dir);
  return names
    .sort()
    .reverse()
    .map((name) => join(dir, name));
}
