import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { LifterError } from '../errors.js';

/**
 * The module that a user names: a file, by its path, or a package, by its name, as an import in that directory would find it.
 * @returns its URL
 * @throws LifterError `handlers-not-found`
 */
export function locateModule(name: string, directory: string): string {
  if (name.startsWith('file:')) return name;
  const path = resolve(directory, name);
  if (existsSync(path)) return pathToFileURL(path).href;
  const isPath = /^\.{0,2}\//.test(name);
  const found = isPath ? undefined : locatePackage(name, directory);
  if (found !== undefined) return pathToFileURL(found).href;
  const what = isPath
    ? `there is no file ${path}`
    : `there is neither a file ${path} nor a package`;
  throw new LifterError(
    'handlers-not-found',
    `LIFTER_HANDLERS names '${name}', but ${what}${isPath ? '' : ` '${name}' installed for ${directory}`}`,
  );
}

function locatePackage(name: string, directory: string): string | undefined {
  const { resolve: resolveRequired } = createRequire(join(directory, 'any.js'));
  try {
    return resolveRequired(name);
  } catch {
    // A package for `import` alone is not found by the rules of `require`.
    return (resolveRequired.paths(name) ?? [])
      .map((folder) => join(folder, name))
      .filter((folder) => existsSync(join(folder, 'package.json')))
      .flatMap((folder) => entryOf(folder) ?? [])[0];
  }
}

const manifestShape = z.object({ exports: z.unknown(), main: z.string().optional() });
const conditions = ['node', 'import', 'module-sync', 'default'];

function entryOf(folder: string): string | undefined {
  const manifest = manifestShape.parse(
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
  const { main = 'index.js' } = manifest;
  const entry = manifest.exports === undefined ? main : targetOf(manifest.exports);
  return entry === undefined ? undefined : join(folder, entry);
}

const branches = z.record(z.string(), z.unknown());

/** Of `exports`, what importing the package by its name gives. */
function targetOf(exported: unknown): string | undefined {
  if (typeof exported === 'string') return exported;
  const { success, data } = branches.safeParse(exported);
  if (!success) return undefined;
  if ('.' in data) return targetOf(data['.']);
  const match = Object.keys(data).find((key) => conditions.includes(key));
  return match === undefined ? undefined : targetOf(data[match]);
}
