import { LifterError, messageOf } from '../errors.js';
import type { Handler } from './define.js';
import { handlersOf } from './module.js';

/** A handler and the module that defines it, which the threads import too. */
export interface RegisteredHandler extends Handler {
  readonly moduleUrl: string;
}

/** By name. */
export type HandlerRegistry = ReadonlyMap<string, RegisteredHandler>;

/** Modules with the handlers that every lifter brings along. */
export const builtInModules: readonly string[] = [new URL('./lift.js', import.meta.url).href];

/**
 * Imports modules of handlers, each by its URL.
 * @throws LifterError naming the module that cannot be loaded, or two that define the same name
 */
export async function loadHandlers(moduleUrls: readonly string[]): Promise<HandlerRegistry> {
  const registry = new Map<string, RegisteredHandler>();
  for (const moduleUrl of moduleUrls) {
    for (const handler of await importHandlers(moduleUrl)) {
      const other = registry.get(handler.name);
      if (other) {
        throw new LifterError(
          'name-taken',
          `the handler '${handler.name}' is defined twice, in ${other.moduleUrl} and in ${moduleUrl}`,
        );
      }
      registry.set(handler.name, { ...handler, moduleUrl });
    }
  }
  return registry;
}

async function importHandlers(moduleUrl: string): Promise<readonly Handler[]> {
  try {
    return handlersOf(await import(moduleUrl));
  } catch (cause) {
    const message = `cannot load the handlers of ${moduleUrl}: ${messageOf(cause)}`;
    throw new LifterError('handlers-not-loaded', message, { cause });
  }
}
