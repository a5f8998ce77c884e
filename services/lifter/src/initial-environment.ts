/** What a process was started with can be read by every other one of its user, in /proc, as long as it lives: handlers among them. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * Takes variables out of this process's environment, and of what /proc shows of it.
 *
 * @param isSecret by their names
 * @returns whether nobody can read them there now
 */
export function forgetVariables(isSecret: (name: string) => boolean): boolean {
  const names = Object.keys(process.env).filter(isSecret);
  for (const name of names) delete process.env[name];
  if (process.platform !== 'linux') return names.length === 0;
  try {
    return names.length === 0 || overwrite(isSecret);
  } catch {
    // There may be no /proc, or none that can be written to.
    return false;
  }
}

function overwrite(isSecret: (name: string) => boolean): boolean {
  const memory = openSync('/proc/self/mem', 'r+');
  try {
    const start = environmentStart();
    for (const { name, from, length } of variables()) {
      if (isSecret(name)) writeSync(memory, Buffer.alloc(length), 0, length, start + from);
    }
  } finally {
    closeSync(memory);
  }
  return variables().every(({ name }) => !isSecret(name));
}

interface Variable {
  readonly name: string;
  /** Where it stands, in bytes. */
  readonly from: number;
  readonly length: number;
}

/** As the process was given them. */
function variables(): Variable[] {
  const found: Variable[] = [];
  const all = readFileSync('/proc/self/environ');
  for (let from = 0; from < all.length; ) {
    const end = all.indexOf(0, from);
    const to = end < 0 ? all.length : end;
    const [name = ''] = all.toString('utf8', from, to).split('=', 1);
    if (name !== '') found.push({ name, from, length: to - from });
    from = to + 1;
  }
  return found;
}

/** Its address, the 50th field of `stat`; see proc(5). The second one may hold blanks, in parentheses. */
function environmentStart(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const address = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[47]);
  if (!(address > 0)) throw new Error('the address of the environment is not known');
  return address;
}
