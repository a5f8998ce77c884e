import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { LifterError, messageOf } from '../errors.js';
import { type TraitsGiven, traitsOf } from '../handlers/define.js';
import { problemWith } from '../handlers/problems.js';
import type { RegisteredHandler } from '../handlers/registry.js';
import { isSecretName } from '../runner/environment.js';
import { placeholdersIn } from './argv.js';
import type { ArgvItem, Command } from './command.js';
import { type CommandSpec, commandsFile } from './schema.js';

/**
 * Reads the commands of a YAML file.
 * @param env what a command's environment may be taken from
 * @throws LifterError `bad-commands` with every problem: where in the file, what is there, and what was expected
 */
export function loadCommands(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): RegisteredHandler[] {
  const { commands } = readCommands(path);
  const directory = dirname(resolve(path));
  const problems: string[] = [];
  const handlers = Object.entries(commands).map(([name, spec]) => {
    const command = commandOf(spec, directory, env);
    const traits = traitsGiven(name, spec);
    const found = [problemWith(traits) ?? [], problemsWithCommand(spec, command)].flat();
    problems.push(...found.map((problem) => `commands.${name}: ${problem}`));
    return {
      ...traitsOf(traits),
      isolation: 'process',
      work: { type: 'command', command },
    } as const;
  });
  if (problems.length > 0) throw badCommands(path, problems);
  return handlers;
}

function readCommands(path: string): z.output<typeof commandsFile> {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => `line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    throw badCommands(
      path,
      document.errors.map(({ pos: [offset], message }) => `${lineAt(offset)}: ${message}`),
    );
  }
  const parsed = commandsFile.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw badCommands(
    path,
    parsed.error.issues.map(({ path: keys, message }) => {
      const place = keys.map(String);
      const line = nearestLine(document, place);
      return `${line === undefined ? '' : `${lineAt(line)}, `}${place.join('.')}: ${message}`;
    }),
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `LIFTER_COMMANDS names '${path}', which cannot be read: ${messageOf(cause)}`;
    throw new LifterError('bad-commands', message, { cause });
  }
}

function badCommands(path: string, problems: readonly string[]): LifterError {
  return new LifterError(
    'bad-commands',
    `the commands in ${path} cannot be used:\n${problems.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** Where the value of these keys stands, or of the ones above it if there is none. */
function nearestLine(
  document: ReturnType<typeof parseDocument>,
  keys: readonly string[],
): number | undefined {
  for (let depth = keys.length; depth > 0; depth--) {
    const node = document.getIn(keys.slice(0, depth), true);
    if (isPlaced(node)) return node.range[0];
  }
  return undefined;
}

function isPlaced(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}

function traitsGiven(name: string, spec: CommandSpec): TraitsGiven {
  const { summary, title, done, fields, timeout, maxAttempts, concurrency, uniqueKey } = spec;
  return {
    name,
    summary,
    fields,
    ...(title !== undefined && { title }),
    ...(done !== undefined && { done }),
    ...(timeout !== undefined && { timeout }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(concurrency !== undefined && { concurrency }),
    ...(uniqueKey !== undefined && { uniqueKey }),
  };
}

function commandOf(
  spec: CommandSpec,
  base: string,
  env: Readonly<Record<string, string | undefined>>,
): Command {
  const { run, fields, environment, outputLimit, tail, finalCodes, progress } = spec;
  const [program, ...argv] = run;
  const directory = resolve(base, spec.directory);
  const passed = ['PATH', ...environment.pass].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    program: findProgram(program, directory, env['PATH'] ?? '') ?? '',
    argv,
    fields,
    directory,
    environment: { ...Object.fromEntries(passed), ...environment.set },
    outputLimit,
    tail,
    finalCodes,
    progress,
  };
}

/** As a shell would find it; by a path, from the command's directory. */
function findProgram(program: string, directory: string, path: string): string | undefined {
  const candidates = program.includes('/')
    ? [resolve(directory, program)]
    : path.split(delimiter).map((folder) => join(folder, program));
  return candidates.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function problemsWithCommand(
  { run, fields, environment }: CommandSpec,
  command: Command,
): string[] {
  const [program] = run;
  const problems: string[] = [];
  if (command.program === '') problems.push(`run: there is no program '${program}'`);
  if (placeholdersIn(program).length > 0) problems.push('run: the program cannot be an argument');
  for (const name of environment.pass.filter(isSecretName)) {
    problems.push(`environment: ${name} is the lifter's own, and is passed to nobody`);
  }
  for (const name of command.argv.flatMap(namesIn)) {
    if (!Object.hasOwn(fields, name)) problems.push(`run: {${name}} is no field`);
  }
  for (const item of command.argv) {
    if (typeof item !== 'object' || !('when' in item)) continue;
    if (fields[item.when]?.type !== 'boolean') {
      problems.push(`run: when names '${item.when}', which is no boolean field`);
    }
  }
  if (!statSync(command.directory, { throwIfNoEntry: false })?.isDirectory()) {
    problems.push(`directory: there is no directory ${command.directory}`);
  }
  return problems;
}

function namesIn(item: ArgvItem): string[] {
  if (typeof item === 'string') return placeholdersIn(item);
  return ('when' in item ? item.items : item).flatMap(placeholdersIn);
}
