import { LifterError, messageOf } from '../errors.js';
import type { Work } from '../runner/protocol.js';
import type { Handler, HandlerTraits, Isolation } from './define.js';
import { handlersOf } from './module.js';

/** What a handler is called and takes, and where the work is done. */
export interface RegisteredHandler extends HandlerTraits {
  readonly isolation: Isolation;
  readonly work: Work;
}

/** By name. */
export type HandlerRegistry = ReadonlyMap<string, RegisteredHandler>;

/** Modules with the handlers that every lifter brings along. */
export const builtInModules: readonly string[] = ['./lift.js', './hash.js'].map(
  (file) => new URL(file, import.meta.url).href,
);

/**
 * All handlers by their names.
 * @throws LifterError `name-taken`
 */
export function registryOf(handlers: readonly RegisteredHandler[]): HandlerRegistry {
  const registry = new Map<string, RegisteredHandler>();
  for (const handler of handlers) {
    const other = registry.get(handler.name);
    if (other) {
      throw new LifterError(
        'name-taken',
        `the handler '${handler.name}' is defined twice: by ${origin(other)} and by ${origin(handler)}`,
      );
    }
    registry.set(handler.name, handler);
  }
  return registry;
}

const origin = ({ work }: RegisteredHandler): string =>
  work.type === 'module' ? work.moduleUrl : `a command that runs ${work.command.program}`;

/**
 * Imports modules of handlers, each by its URL.
 * @throws LifterError `handlers-not-loaded`, naming the module
 */
export async function loadHandlers(
  moduleUrls: readonly string[],
): Promise<readonly RegisteredHandler[]> {
  const loaded: RegisteredHandler[] = [];
  for (const moduleUrl of moduleUrls) {
    const handlers = await importHandlers(moduleUrl);
    loaded.push(...handlers.map((handler) => registered(handler, moduleUrl)));
  }
  return loaded;
}

function registered(
  { run: _, memoryLimit, ...traits }: Handler,
  moduleUrl: string,
): RegisteredHandler {
  return { ...traits, work: { type: 'module', moduleUrl, memoryLimit } };
}

async function importHandlers(moduleUrl: string): Promise<readonly Handler[]> {
  try {
    return handlersOf(await import(moduleUrl));
  } catch (cause) {
    const message = `cannot load the handlers of ${moduleUrl}: ${messageOf(cause)}`;
    throw new LifterError('handlers-not-loaded', message, { cause });
  }
}
