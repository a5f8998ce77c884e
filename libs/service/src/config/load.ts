import { readFileSync } from 'node:fs';
import { type ConfigProblem, messageOf, ServiceError } from '../errors.js';
import { readConfigFile, type Values } from './file.js';
import { nearest } from './nearest.js';
import { type Config, expectedOf, type Option, type Schema } from './option.js';

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a JSON object, a YAML mapping or of lines `NAME=value`. The environment takes precedence. */
  readonly file?: string | undefined;
  /**
   * Variables whose names begin so are ours: one that is no option is refused, since it is probably misspelt. In a file every
   * unknown name is refused.
   */
  readonly prefixes?: readonly string[];
  /** Leaves alone what is no option: for who reads another program's configuration. @default false */
  readonly ignoreUnknown?: boolean;
}

/** What an option comes to, and why. */
export interface EffectiveValue {
  readonly name: string;
  /** As a user would write it; undefined if there is none, and of a secret. */
  readonly value: string | undefined;
  readonly secret: boolean;
  /** `environment`, `default` or the path of the file; undefined if it was given nowhere. */
  readonly origin: string | undefined;
}

/** A configuration, and where each value of it comes from. */
export interface LoadedConfig<C> {
  readonly config: C;
  /** In the order of the schema. */
  readonly effective: readonly EffectiveValue[];
}

interface Source {
  readonly origin: string;
  readonly values: Values;
}

interface Given {
  readonly origin: string;
  readonly value: string;
}

/**
 * Reads every option of a schema. An empty value counts as none. A secret may be given as `NAME_FILE`, the path of a file that holds
 * it, whose last line break is left away.
 * @throws ServiceError `bad-configuration`, with all problems at once
 */
export function loadConfig<S extends Schema>(schema: S, sources: ConfigSources): Config<S> {
  return explainConfig(schema, sources).config;
}

/** As {@link loadConfig}, with the origin of each value. */
export function explainConfig<S extends Schema>(
  schema: S,
  sources: ConfigSources,
): LoadedConfig<Config<S>>;
export function explainConfig(
  schema: Schema,
  sources: ConfigSources,
): LoadedConfig<Record<string, unknown>> {
  const problems: ConfigProblem[] = [];
  const environment = fromEnvironment(sources.env);
  const places = [environment];
  if (sources.file !== undefined) {
    const file = readConfigFile(sources.file);
    problems.push(...file.problems);
    places.push({ origin: sources.file, values: withoutEmpty(file.values) });
  }

  const known = namesOf(schema);
  const { prefixes = [], ignoreUnknown = false } = sources;
  const isOurs = (name: string, place: Source) =>
    !ignoreUnknown && (place !== environment || prefixes.some((prefix) => name.startsWith(prefix)));
  for (const place of places) {
    for (const name of place.values.keys()) {
      if (known.has(name) || !isOurs(name, place)) continue;
      const expected = nearest(name, [...known]) ?? '';
      problems.push({ kind: 'unknown', name, origin: place.origin, expected });
    }
  }

  const config: Record<string, unknown> = {};
  const effective: EffectiveValue[] = [];
  for (const [name, option] of Object.entries(schema)) {
    const result = readOption(name, option, places);
    if ('problem' in result) {
      problems.push(result.problem);
      continue;
    }
    config[name] = result.value;
    effective.push(effectiveValue(name, option, result.given));
  }
  if (problems.length > 0) throw badConfiguration(problems);
  return { config, effective };
}

function effectiveValue(
  name: string,
  option: Option<unknown>,
  given: Given | undefined,
): EffectiveValue {
  const { secret } = option;
  const origin = given?.origin ?? (option.default === undefined ? undefined : 'default');
  const value = secret ? undefined : (given?.value ?? option.default);
  return { name, value, secret, origin };
}

type Found = { readonly value: Given | undefined } | { readonly problem: ConfigProblem };
type Result =
  | { readonly value: unknown; readonly given: Given | undefined }
  | { readonly problem: ConfigProblem };

function readOption(name: string, option: Option<unknown>, places: readonly Source[]): Result {
  const { secret } = option;
  const expected = expectedOf(option);
  const found = find(name, option, places);
  if ('problem' in found) return found;
  const given = found.value;
  const value = given?.value ?? option.default;
  if (value === undefined) {
    if (!option.required) return { value: undefined, given };
    return { problem: { kind: 'missing', name, expected } };
  }
  const parsed = option.type.safeParse(value);
  if (parsed.success) return { value: parsed.data, given };
  // Only what a type says beyond its description is news: why a file could not be read, for example.
  const reasons = parsed.error.issues
    .filter(({ code, message }) => code === 'custom' && message !== 'Invalid input')
    .map(({ message }) => ` (${message})`);
  const problem = {
    kind: 'wrong',
    name,
    origin: given?.origin ?? 'default',
    expected: expected + reasons.join(''),
  } as const;
  return { problem: secret ? problem : { ...problem, given: value } };
}

/** The first place that gives the option decides, by its value or by a file that holds it. */
function find(name: string, { secret }: Option<unknown>, places: readonly Source[]): Found {
  for (const { origin, values } of places) {
    const value = values.get(name);
    const path = secret ? values.get(fileNameOf(name)) : undefined;
    if (value !== undefined && path !== undefined) {
      const expected = `either ${name} or ${fileNameOf(name)}, not both`;
      return { problem: { kind: 'wrong', name, origin, expected } };
    }
    if (value !== undefined) return { value: { origin, value } };
    if (path !== undefined) return readSecret(fileNameOf(name), path, origin);
  }
  return { value: undefined };
}

function readSecret(name: string, path: string, origin: string): Found {
  try {
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return { value: { origin: path, value } };
  } catch (error) {
    const expected = `the path of a file that can be read (${messageOf(error)})`;
    return { problem: { kind: 'wrong', name, origin, given: path, expected } };
  }
}

const fileNameOf = (name: string): string => `${name}_FILE`;

function namesOf(schema: Schema): ReadonlySet<string> {
  return new Set(
    Object.entries(schema).flatMap(([name, { secret }]) =>
      secret ? [name, fileNameOf(name)] : [name],
    ),
  );
}

function fromEnvironment(env: ConfigSources['env']): Source {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) if (value) values.set(name, value);
  return { origin: 'environment', values };
}

function withoutEmpty(values: Values): Values {
  return new Map([...values].filter(([, value]) => value !== ''));
}

function badConfiguration(problems: readonly ConfigProblem[]): ServiceError {
  const count = problems.length === 1 ? 'One problem' : `${problems.length} problems`;
  const lines = problems.map((problem) => `  ${describeProblem(problem)}`);
  return new ServiceError(
    'bad-configuration',
    `${count} in the configuration:\n${lines.join('\n')}`,
    { problems },
  );
}

function describeProblem({ kind, name, origin, given, expected }: ConfigProblem): string {
  switch (kind) {
    case 'missing':
      return `${name} is not given. Expected: ${expected}`;
    case 'wrong': {
      const value = given === undefined ? 'value not shown' : JSON.stringify(given);
      return `${name} is wrong: ${value} (${origin}). Expected: ${expected}`;
    }
    case 'unknown':
      return `${name} (${origin}) is no option.${expected === '' ? '' : ` Is it ${expected}?`}`;
    case 'unreadable':
      return `${name} cannot be read. Expected: ${expected}`;
  }
}
