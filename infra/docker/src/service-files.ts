import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A package as it lies in the workspace, by its real path. */
export interface InstalledPackage {
  readonly path: string;
  /** Where it was found: a link for a package of ours. */
  readonly link: string;
}

/** What Node never loads: types, sources in TypeScript, what packages say of themselves. */
const UNUSED = /\.(?:[cm]?ts|[cm]?ts\.map|tsbuildinfo|md)$/;
/** Source maps are worth their room for our own code only. */
const UNUSED_OF_OTHERS = /\.map$/;

/**
 * A package and all that it needs at run time.
 * @param name as another package would import it from `from`
 * @throws Error if one that is not optional is not installed
 */
export function closureOf(name: string, from: string): readonly InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  add(name, from, false);
  return [...found.values()];

  function add(wanted: string, importer: string, optional: boolean): void {
    const link = locate(wanted, importer);
    if (link === undefined) {
      // Binaries for other platforms are not here, and are not missed.
      if (optional) return;
      throw new Error(`${wanted}, which ${importer} needs, is not installed: run npm ci.`);
    }
    const path = realpathSync(link);
    if (found.has(path)) return;
    found.set(path, { path, link });
    const manifest: unknown = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const optionals = namesIn(manifest, 'optionalDependencies');
    for (const needed of namesIn(manifest, 'dependencies'))
      add(needed, path, optionals.includes(needed));
    for (const wish of [...optionals, ...namesIn(manifest, 'peerDependencies')])
      add(wish, path, true);
  }
}

/** As Node looks for it: in `node_modules` here, then further up. */
function locate(name: string, from: string): string | undefined {
  const candidate = join(from, 'node_modules', name);
  if (existsSync(join(candidate, 'package.json'))) return candidate;
  const parent = dirname(from);
  return parent === from ? undefined : locate(name, parent);
}

function namesIn(manifest: unknown, field: string): readonly string[] {
  if (typeof manifest !== 'object' || manifest === null) return [];
  const value: unknown = Object.entries(manifest).find(([key]) => key === field)?.[1];
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

/**
 * Copies what a service needs to run out of an installed and built workspace, and nothing else. The layout stays, so that Node resolves every
 * import as it does in the workspace; `target/service` leads to the service itself.
 * @param service the name of its package, without the scope
 * @param workspace the root of the workspace
 */
export function copyService(service: string, workspace: string, target: string): void {
  const root = realpathSync(workspace);
  const place = (path: string) => join(target, relative(root, path));
  const packages = closureOf(`@heavylift/${service}`, root);
  for (const { path, link } of packages) {
    if (path === link) {
      copy(path, place(path), (inside) => !UNUSED.test(inside) && !UNUSED_OF_OTHERS.test(inside));
      continue;
    }
    copy(join(path, 'package.json'), join(place(path), 'package.json'));
    copy(built(path), join(place(path), 'dist'), (inside) => !UNUSED.test(inside));
    linkTo(place(path), place(link));
  }
  for (const { path } of packages.slice(0, 1)) linkTo(place(path), join(target, 'service'));
}

function built(path: string): string {
  const dist = join(path, 'dist');
  if (existsSync(dist)) return dist;
  throw new Error(`${path} is not built: run npm run build.`);
}

function copy(from: string, to: string, wanted: (inside: string) => boolean = () => true): void {
  cpSync(from, to, {
    recursive: true,
    filter: (source) => {
      const inside = source.slice(from.length);
      // What is installed below a package is a package of its own, and copied if it is needed.
      return !inside.endsWith('/node_modules') && wanted(inside);
    },
  });
}

function linkTo(path: string, link: string): void {
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), path), link);
}
