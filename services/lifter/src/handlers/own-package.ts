/** Modules of handlers import `@heavylift/lifter` wherever they lie: where it is not installed for them, they get the running one. */
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const name = '@heavylift/lifter';
/** Of this package, as JavaScript. */
const root = new URL('../', import.meta.url);
const exported: Readonly<Record<string, string>> = {
  [name]: new URL('index.js', root).href,
  [`${name}/testing`]: new URL('testing/index.js', root).href,
};

let isProvided = false;

/**
 * To be called before a module of handlers is imported, in each process and thread that does. Where the package is installed for the module, nothing
 * is changed: hooks take a thread of their own in older versions of Node.
 */
export function provideOwnPackage(moduleUrl: string): void {
  if (isProvided || isInstalledFor(moduleUrl)) return;
  isProvided = true;
  if ('registerHooks' in module && typeof module.registerHooks === 'function') {
    module.registerHooks({ resolve: resolveSync });
    return;
  }
  module.register(new URL('own-package-hooks.js', import.meta.url), { data: exported });
  provideForRequire();
}

function isInstalledFor(moduleUrl: string): boolean {
  if (!moduleUrl.startsWith('file:')) return true;
  const { resolve } = createRequire(moduleUrl);
  const own = dirname(fileURLToPath(root));
  if (fileURLToPath(moduleUrl).startsWith(own)) return true;
  return (resolve.paths(name) ?? []).some((folder) =>
    existsSync(join(folder, name, 'package.json')),
  );
}

type Next = (specifier: string, context: unknown) => unknown;

function resolveSync(specifier: string, context: unknown, next: Next): unknown {
  try {
    return next(specifier, context);
  } catch (error) {
    const url = exported[specifier];
    if (url === undefined) throw error;
    return { url, shortCircuit: true };
  }
}

/** CommonJS asks elsewhere than `import` does. */
function provideForRequire(): void {
  const resolve: unknown = Reflect.get(module, '_resolveFilename');
  if (typeof resolve !== 'function') return;
  Reflect.set(module, '_resolveFilename', function (this: unknown, ...given: unknown[]): unknown {
    try {
      return Reflect.apply(resolve, this, given);
    } catch (error) {
      const url = typeof given[0] === 'string' ? exported[given[0]] : undefined;
      if (url === undefined) throw error;
      return fileURLToPath(url);
    }
  });
}
