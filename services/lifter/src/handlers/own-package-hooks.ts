/** Runs in the thread of `node:module`'s hooks. It imports nothing. */

type Resolved = { readonly url: string; readonly shortCircuit?: boolean };
type Next = (specifier: string, context: unknown) => Promise<Resolved>;

let exported: Readonly<Record<string, string>> = {};

/** @param modules by what is imported: the URL of the running one */
export function initialize(modules: Readonly<Record<string, string>>): void {
  exported = modules;
}

export async function resolve(specifier: string, context: unknown, next: Next): Promise<Resolved> {
  try {
    return await next(specifier, context);
  } catch (error) {
    const url = exported[specifier];
    if (url === undefined) throw error;
    return { url, shortCircuit: true };
  }
}
