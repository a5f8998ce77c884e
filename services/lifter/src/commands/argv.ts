import { FinalError } from '../handlers/errors.js';
import type { ArgvItem, Command } from './command.js';

export type ArgumentValues = Readonly<Record<string, unknown>>;

const placeholder = /\{([A-Za-z_][\w-]*)\}/g;

/** The arguments that an item names. */
export function placeholdersIn(item: string): string[] {
  return [...item.matchAll(placeholder)].map(([, name = '']) => name);
}

/**
 * The items a program is called with. An argument is always one item or a part of one, whatever it holds: nothing is split and nothing expanded.
 * @param args checked against the fields
 * @throws FinalError if an argument might be taken for an option, or holds what no program can be given
 */
export function fillArgv({ argv, fields }: Pick<Command, 'argv' | 'fields'>, args: ArgumentValues) {
  return argv.flatMap((item) => fillItem(item, args, fields));
}

function fillItem(item: ArgvItem, args: ArgumentValues, fields: Command['fields']): string[] {
  if (typeof item === 'object' && 'when' in item) {
    return ownValue(args, item.when) === true ? fillTogether(item.items, args, fields) : [];
  }
  return fillTogether(typeof item === 'string' ? [item] : item, args, fields);
}

function fillTogether(
  items: readonly string[],
  args: ArgumentValues,
  fields: Command['fields'],
): string[] {
  const isGiven = items.flatMap(placeholdersIn).every((name) => ownValue(args, name) !== undefined);
  return isGiven ? items.map((item) => fill(item, args, fields)) : [];
}

function fill(item: string, args: ArgumentValues, fields: Command['fields']): string {
  const [first] = placeholdersIn(item);
  const filled = item.replace(placeholder, (_, name: string) => `${ownValue(args, name)}`);
  if (filled.includes('\0')) throw new FinalError('an argument holds a NUL character');
  const isFirst = first !== undefined && item.startsWith(`{${first}}`);
  const field = isFirst && Object.hasOwn(fields, first) ? fields[first] : undefined;
  if (field && filled.startsWith('-') && !mayBeginWithDash(field)) {
    throw new FinalError(`${first} begins with '-', and might be taken for an option`);
  }
  return filled;
}

/** Not what every object has, such as `constructor`. */
function ownValue(args: ArgumentValues, name: string): unknown {
  return Object.hasOwn(args, name) ? args[name] : undefined;
}

/** The options of a choice were chosen by whoever wrote the file. */
function mayBeginWithDash({ type, allowLeadingDash = false }: Command['fields'][string]): boolean {
  return allowLeadingDash || type === 'choice';
}
