import { ChildProcess } from 'node:child_process';

/**
 * From now on programs that are started with an environment of their own carry this variable of the process's, too.
 *
 * @param onStart is called whenever one is started
 */
export function markPrograms(name: string, onStart: () => void = () => undefined): void {
  const spawn: unknown = Reflect.get(ChildProcess.prototype, 'spawn');
  if (typeof spawn !== 'function') return;
  Reflect.set(ChildProcess.prototype, 'spawn', function (this: unknown, options: unknown): unknown {
    onStart();
    if (typeof options === 'object' && options !== null && 'envPairs' in options) {
      const { envPairs } = options;
      if (Array.isArray(envPairs)) envPairs.push(`${name}=${process.env[name]}`);
    }
    return Reflect.apply(spawn, this, [options]);
  });
}
