/** One file of variables a service, for its `--config` or systemd's `EnvironmentFile`. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProvisionPlan } from './plan.js';
import { type ServiceEnv, serviceEnv } from './service-env.js';

const header =
  '# Written by `heavylift provision`. Lines that you add stay; the others it puts right.';

/** A file that is not as it should be. */
export interface EnvFileChange {
  readonly path: string;
  /** The variables that differ, or why it is written for another reason. Never values: they may be secrets. */
  readonly why: string;
}

/** The files for a plan, by their name. */
export function envFiles(plan: ProvisionPlan): ReadonlyMap<string, ServiceEnv> {
  return new Map([
    ['dispatcher.env', serviceEnv(plan, 'dispatcher')],
    ['notifier.env', serviceEnv(plan, 'notifier')],
    ...plan.accounts.lifters.map(
      ({ username }, index) => [`${username}.env`, serviceEnv(plan, 'lifter', index)] as const,
    ),
  ]);
}

/** The passwords that the files of a folder hold, by the name of the account. Empty if there is no such folder. */
export async function passwordsIn(dir: string): Promise<Record<string, string>> {
  const names = await readdir(dir).catch(ifAbsent<string[]>([]));
  const passwords: Record<string, string> = {};
  for (const name of names.filter((file) => file.endsWith('.env'))) {
    const values = variablesOf(await readFile(join(dir, name), 'utf8'));
    const [username, password] = [values.get('XMPP_USERNAME'), values.get('XMPP_PASSWORD')];
    if (username !== undefined && password !== undefined) passwords[username] = password;
  }
  return passwords;
}

/**
 * Writes the files that are not as they should be, each at once and readable by its owner alone.
 * @param check only look
 * @returns those that were not
 */
export async function writeEnvFiles(
  dir: string,
  files: ReadonlyMap<string, ServiceEnv>,
  { check = false } = {},
): Promise<EnvFileChange[]> {
  const changes: EnvFileChange[] = [];
  if (!check) await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [name, env] of files) {
    const path = join(dir, name);
    const present = await readFile(path, 'utf8').catch(ifAbsent<undefined>(undefined));
    const why = await difference(path, present, env);
    if (why === undefined) continue;
    if (!check) await replace(path, contentOf(env, present));
    changes.push({ path, why });
  }
  return changes;
}

async function difference(
  path: string,
  present: string | undefined,
  env: ServiceEnv,
): Promise<string | undefined> {
  if (present === undefined) return 'there was none';
  const values = variablesOf(present);
  const wrong = Object.entries(env).filter(
    ([name, value]) => value !== '' && values.get(name) !== value,
  );
  if (wrong.length > 0) return wrong.map(([name]) => name).join(', ');
  const { mode } = await stat(path);
  return (mode & 0o077) === 0 ? undefined : 'others could read it';
}

/** What we know stands first; an empty value says nothing, so that what somebody wrote there stays. */
function contentOf(env: ServiceEnv, present = ''): string {
  const known = Object.entries(env).filter(([, value]) => value !== '');
  const names = new Set(known.map(([name]) => name));
  const kept = present.split('\n').filter((line) => {
    const [, name] = variable.exec(line) ?? [];
    return line !== '' && line !== header && (name === undefined || !names.has(name));
  });
  const own = known.map(([name, value]) => `${name}=${quoted(value)}`);
  return `${[header, ...own, ...kept].join('\n')}\n`;
}

const variable = /^([A-Z_][A-Z0-9_]*)=(.*)$/;

function variablesOf(content: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of content.split('\n')) {
    const [, name, value] = variable.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, unquoted(value));
  }
  return values;
}

const quoted = (value: string): string => (/^[\w@.,:/+=-]+$/.test(value) ? value : `"${value}"`);

const unquoted = (value: string): string => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

/** Whoever reads it meanwhile sees the old file or the new one, never half of one. */
async function replace(path: string, content: string): Promise<void> {
  const next = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(next, content, { mode: 0o600, flag: 'wx' });
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

const ifAbsent =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return instead;
    throw error;
  };
