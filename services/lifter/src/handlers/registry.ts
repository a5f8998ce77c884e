import { messageOf } from '../errors.js';
import type { Work } from '../runner/protocol.js';
import type { Handler, HandlerTraits, Isolation } from './define.js';
import { examine } from './module.js';
import { importForgivingly } from './refusal.js';

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

/** Handlers that can be used, and what is wrong with others. */
export interface Loaded {
  readonly handlers: readonly RegisteredHandler[];
  /** Each names the handler, or its module. */
  readonly problems: readonly string[];
}

export interface Registered {
  readonly registry: HandlerRegistry;
  readonly problems: readonly string[];
}

/** All handlers by their names. Of two with one name, the first counts. */
export function registryOf(handlers: readonly RegisteredHandler[]): Registered {
  const registry = new Map<string, RegisteredHandler>();
  const problems: string[] = [];
  for (const handler of handlers) {
    const other = registry.get(handler.name);
    if (other === undefined) {
      registry.set(handler.name, handler);
      continue;
    }
    problems.push(
      `the handler '${handler.name}' is defined twice: by ${origin(other)}, which counts, and by ${origin(handler)}`,
    );
  }
  return { registry, problems };
}

const origin = ({ work }: RegisteredHandler): string =>
  work.type === 'module' ? work.moduleUrl : `a command that runs ${work.command.program}`;

/** Imports modules of handlers, each by its URL, in this very process. */
export async function loadHandlers(moduleUrls: readonly string[]): Promise<Loaded> {
  return together(await Promise.all(moduleUrls.map(loadModule)));
}

export function together(loaded: readonly Loaded[]): Loaded {
  return {
    handlers: loaded.flatMap(({ handlers }) => handlers),
    problems: loaded.flatMap(({ problems }) => problems),
  };
}

/** Imports one module. What is wrong with it is told, and does not throw. */
export async function loadModule(moduleUrl: string): Promise<Loaded> {
  try {
    const { handlers, problems } = examine(await importForgivingly(moduleUrl));
    return {
      handlers: handlers.map((handler) => registered(handler, moduleUrl)),
      problems: problems.map((problem) => problemOf(moduleUrl, problem)),
    };
  } catch (error) {
    return { handlers: [], problems: [problemOf(moduleUrl, messageOf(error))] };
  }
}

export function problemOf(moduleUrl: string, problem: string): string {
  return `cannot load handlers of ${moduleUrl}: ${problem}`;
}

function registered({ run: _, memoryLimit, ...traits }: Handler, moduleUrl: string) {
  return { ...traits, work: { type: 'module', moduleUrl, memoryLimit } } as const;
}
