/**
 * The only place that knows the container. Everything else is made by plain functions, which take what they need as arguments; a
 * module says which tokens stand for these arguments.
 */
import {
  type AbstractNewable,
  Container,
  ContainerModule,
  type MapToResolvedValueInjectOptions,
} from 'inversify';

/** A symbol that remembers what it stands for. */
export type Token<T> = symbol & AbstractNewable<T>;

/** @param name shown when nothing is bound to the token */
export function token<T>(name: string): Token<T>;
export function token(name: string): symbol {
  return Symbol(name);
}

type TokensOf<Needs extends readonly unknown[]> = {
  readonly [Index in keyof Needs]: Token<Needs[Index]>;
};

/** Says how what a token stands for is made, once, when it is first needed. */
export type Provide = <T, Needs extends [] | unknown[]>(
  token: Token<T>,
  needs: TokensOf<Needs> & MapToResolvedValueInjectOptions<Needs>,
  make: (...needs: Needs) => T | Promise<T>,
) => void;

/**
 * @example
 * const lifterModule = (config: LifterConfig) =>
 *   defineModule((provide) => {
 *     provide(RunnerToken, [LoggerToken], (log) => createRunner({ slots: config.LIFTER_SLOTS, log }));
 *   });
 */
export function defineModule(define: (provide: Provide) => void): ContainerModule {
  return new ContainerModule(({ bind }) => {
    define((token, needs, make) => {
      bind(token).toResolvedValue(make, needs).inSingletonScope();
    });
  });
}

export interface Composition {
  get<T>(token: Token<T>): Promise<T>;
}

/** Puts modules together. A token that nobody provides, or one provided twice, is an error when it is asked for. */
export async function composeModules(modules: readonly ContainerModule[]): Promise<Composition> {
  const container = new Container();
  await container.loadAsync(...modules);
  return { get: (token) => container.getAsync(token) };
}
