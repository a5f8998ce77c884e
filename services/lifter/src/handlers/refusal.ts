/** A lifter goes on with the other handlers of a module when one of them makes no sense. */

// By names that other copies of this package know, too: a handler's package may bring its own.
const forgiving = Symbol.for('@heavylift/lifter forgiving');
const refusal = '@heavylift/lifter refused';

/** Stands in place of a handler. */
export interface Refused {
  readonly [refusal]: string;
}

/** From now on, in this process or thread, `defineHandler` throws nothing: what makes no sense is told to whoever loads the module. */
export function forgive(): void {
  Reflect.set(globalThis, forgiving, true);
}

export function isForgiving(): boolean {
  return Reflect.get(globalThis, forgiving) === true;
}

export function refused(problem: string): Refused {
  return { [refusal]: problem };
}

/** Why it was refused, if it was. */
export function refusalOf(handler: object): string | undefined {
  const problem: unknown = Reflect.get(handler, refusal);
  return typeof problem === 'string' ? problem : undefined;
}
