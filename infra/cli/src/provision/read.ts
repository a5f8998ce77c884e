import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ProvisionOptions } from '@heavylift/provision';
import { toBareJid } from '@heavylift/xmpp-pubsub';
import { type Terminal, UsageError } from '../command.js';
import type { ComposeBase } from './compose-file.js';
import { type Remembered, readRemembered } from './remembered.js';

const passwordVariable = 'HEAVYLIFT_ADMIN_PASSWORD';

export interface Invocation {
  readonly dir: string;
  readonly check: boolean;
  /** Names of accounts, or all of them. */
  readonly rotate: 'all' | readonly string[];
  /** Where to write lifters for Docker Compose, and to add to which file. */
  readonly compose: { readonly path: string; readonly base: ComposeBase } | undefined;
  /** For the next call. */
  readonly remembered: Remembered;
  readonly options: ProvisionOptions;
  /** What is done otherwise than was asked, for people. */
  readonly notes: readonly string[];
}

/** @throws UsageError */
export function readInvocation(args: readonly string[], env: Terminal['env']): Invocation {
  const { values } = parseArgs({
    args: [...args],
    options: {
      domain: { type: 'string' },
      'env-dir': { type: 'string' },
      service: { type: 'string' },
      admin: { type: 'string' },
      'admin-password-file': { type: 'string' },
      lifters: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      administrator: { type: 'string', multiple: true },
      reader: { type: 'string', multiple: true },
      'results-access': { type: 'string' },
      pubsub: { type: 'string' },
      'node-prefix': { type: 'string' },
      'ca-file': { type: 'string' },
      'allow-plaintext-on-loopback': { type: 'boolean' },
      'compose-file': { type: 'string' },
      'compose-base': { type: 'string' },
      check: { type: 'boolean', default: false },
      rotate: { type: 'boolean', default: false },
      'rotate-account': { type: 'string', multiple: true, default: [] },
      'allow-widening': { type: 'boolean', default: false },
    },
  });
  const { check } = values;
  const rotates = values.rotate || values['rotate-account'].length > 0;
  if (check && rotates) throw new UsageError('--check changes nothing, --rotate does: which?');
  for (const jid of [...(values.administrator ?? []), ...(values.reader ?? [])])
    requireBareJid(jid);
  const dir = needed('--env-dir', values['env-dir']);
  const last = readRemembered(dir);
  const domain = needed('--domain', values.domain ?? last?.PROVISION_DOMAIN);
  const { lifters, notes } = howManyLifters(dir, values.lifters, last, values.shrink);
  const isSame = domain === last?.PROVISION_DOMAIN;
  const remembered: Remembered = {
    PROVISION_DOMAIN: domain,
    PROVISION_SERVICE: values.service ?? (isSame ? last.PROVISION_SERVICE : undefined),
    PROVISION_ADMIN: values.admin ?? last?.PROVISION_ADMIN,
    PROVISION_LIFTERS: lifters,
    PROVISION_ADMINISTRATORS:
      values.administrator?.map(toBareJid) ?? last?.PROVISION_ADMINISTRATORS,
    PROVISION_READERS: values.reader?.map(toBareJid) ?? last?.PROVISION_READERS,
    PROVISION_RESULTS_ACCESS: accessModel(
      values['results-access'] ?? last?.PROVISION_RESULTS_ACCESS ?? 'whitelist',
    ),
    PROVISION_PUBSUB: values.pubsub ?? (isSame ? last.PROVISION_PUBSUB : undefined),
    PROVISION_NODE_PREFIX: values['node-prefix'] ?? last?.PROVISION_NODE_PREFIX,
    PROVISION_CA_FILE: values['ca-file'] ?? last?.PROVISION_CA_FILE,
    PROVISION_ALLOW_PLAINTEXT_ON_LOOPBACK:
      values['allow-plaintext-on-loopback'] ?? last?.PROVISION_ALLOW_PLAINTEXT_ON_LOOPBACK ?? false,
  };
  requireAccounts(values['rotate-account'], lifters);
  return {
    dir,
    check,
    rotate: values.rotate ? 'all' : values['rotate-account'],
    compose: composeOf(values['compose-file'], values['compose-base']),
    remembered,
    options: {
      ...optionsOf(remembered, adminPassword(values['admin-password-file'], env)),
      widening: values['allow-widening'] ? 'allow' : 'hold-back',
    },
    notes,
  };
}

function optionsOf(remembered: Remembered, password: string): ProvisionOptions {
  const { PROVISION_DOMAIN: domain, PROVISION_CA_FILE: caFile } = remembered;
  const { PROVISION_PUBSUB: pubsubJid, PROVISION_NODE_PREFIX: nodePrefix } = remembered;
  return {
    service: remembered.PROVISION_SERVICE ?? domain,
    domain,
    lifters: remembered.PROVISION_LIFTERS,
    administrators: remembered.PROVISION_ADMINISTRATORS ?? [],
    readers: remembered.PROVISION_READERS ?? [],
    resultsAccess: remembered.PROVISION_RESULTS_ACCESS,
    admin: { username: remembered.PROVISION_ADMIN ?? 'admin', password },
    tls: {
      allowPlaintextOnLoopback: remembered.PROVISION_ALLOW_PLAINTEXT_ON_LOOPBACK,
      ...(caFile === undefined ? {} : { caFile }),
    },
    ...(pubsubJid === undefined ? {} : { pubsubJid }),
    ...(nodePrefix === undefined ? {} : { nodePrefix }),
  };
}

/** Lifters that are known keep their access: a call that was made for fewer must not take it away. */
function howManyLifters(
  dir: string,
  asked: string | undefined,
  last: Remembered | undefined,
  shrink: boolean,
): { readonly lifters: number; readonly notes: readonly string[] } {
  const known = Math.max(last?.PROVISION_LIFTERS ?? 0, lifterFiles(dir));
  if (asked === undefined) {
    if (shrink) throw new UsageError('--shrink needs --lifters, to say to how many.');
    return { lifters: known || 1, notes: [] };
  }
  const lifters = wholeNumber('--lifters', asked);
  if (lifters >= known || shrink) return { lifters, notes: [] };
  const note = `${known} lifters are known and keep their access; to take it from those beyond ${lifters}, say --shrink.`;
  return { lifters: known, notes: [note] };
}

/** The highest number among `lifter-N.env`. */
function lifterFiles(dir: string): number {
  let names: readonly string[];
  try {
    names = readdirSync(dir);
  } catch {
    // There will be one.
    return 0;
  }
  const numbers = names.flatMap((name) => /^lifter-(\d{1,6})\.env$/.exec(name)?.[1] ?? []);
  return Math.max(0, ...numbers.map(Number));
}

function composeOf(path: string | undefined, base = 'single.yaml'): Invocation['compose'] {
  if (path === undefined) return undefined;
  if (base === 'single.yaml' || base === 'cluster.yaml') return { path, base };
  throw new UsageError(`--compose-base is single.yaml or cluster.yaml, not "${base}".`);
}

function requireAccounts(names: readonly string[], lifters: number): void {
  const known = [
    'bot',
    'notifier',
    ...Array.from({ length: lifters }, (_, n) => `lifter-${n + 1}`),
  ];
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new UsageError(
    `--rotate-account: there is no account ${wrong} of a service; there are ${known.join(', ')}. For others: heavylift account.`,
  );
}

function needed(name: string, value: string | undefined): string {
  if (value) return value;
  throw new UsageError(`${name} is needed; --help tells more.`);
}

function wholeNumber(name: string, value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value);
  throw new UsageError(`${name} is a whole number, not "${value}".`);
}

function requireBareJid(value: string): void {
  if (/^[^\s"&'/:<>@]+@[^\s/@]+$/.test(value)) return;
  throw new UsageError(`"${value}" is no bare JID such as ann@example.org.`);
}

function accessModel(value: string): 'whitelist' | 'authorize' | 'open' {
  if (value === 'whitelist' || value === 'authorize' || value === 'open') return value;
  throw new UsageError(`--results-access is whitelist, authorize or open, not "${value}".`);
}

/** Never on the command line: everybody on the machine can read those. */
export function adminPassword(file: string | undefined, env: Terminal['env']): string {
  if (file !== undefined) return passwordFrom(file);
  const password = env[passwordVariable];
  if (password) return password;
  throw new UsageError(`--admin-password-file or the variable ${passwordVariable} is needed.`);
}

/** @param file `-` for standard input */
export const passwordFrom = (file: string): string =>
  readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '');
