/** A lifter goes on with the other handlers of a module when one of them makes no sense. */

// By names that other copies of this package know, too: a handler's package may bring its own.
const forgiving = Symbol.for('@heavylift/lifter forgiving');
const refusal = '@heavylift/lifter refused';

/** Stands in place of a handler. */
export interface Refused {
  readonly [refusal]: string;
}

/** Imports a module in which `defineHandler` throws nothing: what makes no sense is told to whoever loads the module. */
export async function importForgivingly(
  moduleUrl: string,
): Promise<{ readonly default?: unknown }> {
  count(1);
  try {
    return await import(moduleUrl);
  } finally {
    count(-1);
  }
}

export function isForgiving(): boolean {
  return imports() > 0;
}

/** How many are being imported. */
function imports(): number {
  const known: unknown = Reflect.get(globalThis, forgiving);
  return typeof known === 'number' ? known : 0;
}

function count(more: number): void {
  Reflect.set(globalThis, forgiving, imports() + more);
}

export function refused(problem: string): Refused {
  return { [refusal]: problem };
}

/** Why it was refused, if it was. */
export function refusalOf(handler: object): string | undefined {
  const problem: unknown = Reflect.get(handler, refusal);
  return typeof problem === 'string' ? problem : undefined;
}
