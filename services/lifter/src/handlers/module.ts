import type { Handler } from './define.js';

/**
 * The handlers that a module exports: by default, one or a list of them.
 * @throws TypeError when it exports anything else
 */
export function handlersOf(module: { readonly default?: unknown }): readonly Handler[] {
  const exported = [module.default].flat();
  return exported.map((each) => {
    if (!isHandler(each)) {
      throw new TypeError(
        'its default export is no handler: make it with defineHandler({ name, summary, fields, run })',
      );
    }
    return each;
  });
}

function isHandler(value: unknown): value is Handler {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'fields' in value &&
    'timeout' in value &&
    'isolation' in value &&
    'memoryLimit' in value &&
    typeof value.memoryLimit === 'number' &&
    'run' in value &&
    typeof value.run === 'function'
  );
}
