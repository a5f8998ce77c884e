import type { Handler } from './define.js';
import { nameOf, problemWith } from './problems.js';
import { refusalOf } from './refusal.js';

/** What a module has by default: handlers that can be used, and what is wrong with others, each by its name. */
export interface Examined {
  readonly handlers: readonly Handler[];
  readonly problems: readonly string[];
}

const howTo =
  'its default export is no handler: make it with defineHandler({ name, summary, fields, run })';

/** The handlers that a module exports: by default, one or a list of them. */
export function examine(module: { readonly default?: unknown }): Examined {
  const exported: readonly unknown[] = [module.default].flat();
  if (exported.length === 0) return { handlers: [], problems: [howTo] };
  const handlers: Handler[] = [];
  const problems: string[] = [];
  for (const each of exported) {
    if (isHandler(each)) {
      const problem = refusalOf(each) ?? problemWith(each);
      if (problem === undefined) handlers.push(each);
      else problems.push(problem);
    } else {
      problems.push(each === undefined ? howTo : `${nameOf(each)}: ${howTo}`);
    }
  }
  return { handlers, problems };
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
