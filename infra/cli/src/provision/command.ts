import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  describeLack,
  type EnvFileChange,
  envFiles,
  type ProvisionOptions,
  passwordsIn,
  planProvision,
  provision,
  writeEnvFiles,
} from '@heavylift/provision';
import { type Command, type ExitCode, exitCodes, type Terminal, UsageError } from './command.js';

const passwordVariable = 'HEAVYLIFT_ADMIN_PASSWORD';

const help = `Usage: heavylift provision --domain DOMAIN --env-dir DIR [OPTION]...

Makes an XMPP server ready for the services: accounts with random passwords, nodes, who may do what there.
What is right already stays as it is; a second run changes nothing.

  --domain DOMAIN           of the accounts
  --env-dir DIR             where the services' configuration is kept: a file each, readable by its owner
                            alone. Passwords in it that still work are kept, and so are lines you added
  --service URL             where the server is, e.g. xmpp://127.0.0.1:5222 (default: DOMAIN, by SRV)
  --admin NAME              an account that may administer the server (default: admin)
  --admin-password-file F   its password; otherwise the variable ${passwordVariable}
  --lifters N               how many lifter accounts there are to be (default: 1)
  --administrator JID       a person who may stop the services; may be repeated
  --reader JID              an account that may read the results; may be repeated
  --results-access MODEL    who else may: whitelist (default, nobody), authorize, open
  --pubsub JID              of the PubSub service (default: pubsub.DOMAIN)
  --node-prefix TEXT        what the names of all nodes begin with (default: heavylift/)
  --ca-file FILE            the certificate authority to trust instead of the system's
  --allow-plaintext-on-loopback   do without TLS, to a server on this machine only

  --check                   change nothing, only tell what is not as wanted
  --rotate                  new passwords for all accounts; restart the services afterwards
  --allow-widening          give somebody more access to nodes that are there than now; held back otherwise

Exit code: 0 all is as wanted; 2 something is not (--check), or was held back; 1 it failed.`;

export const provisionCommand: Command = {
  summary: 'make an XMPP server ready for the services, or check that it is',
  help,
  run,
};

async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { dir, check, rotate, options } = read(args, terminal.env);
  const passwords = rotate ? {} : await passwordsIn(dir);
  const full = { ...options, passwords };
  const outcome = check ? await look(dir, full, terminal) : await apply(dir, full, terminal);
  return outcome ? exitCodes.fine : exitCodes.notAsWanted;
}

/** @returns whether all is as wanted */
async function look(dir: string, options: ProvisionOptions, { out }: Terminal): Promise<boolean> {
  const { changes } = await provision({ ...options, check: true, log: out });
  const files = await writeEnvFiles(dir, envFiles(planProvision(options)), { check: true });
  for (const file of files) out(`${file.path} is not as wanted: ${fileReason(file)}`);
  const count = changes.length + files.length;
  out(count === 0 ? 'All is as wanted.' : `${counted(count)} not as wanted; nothing was changed.`);
  return count === 0;
}

async function apply(dir: string, options: ProvisionOptions, { out }: Terminal): Promise<boolean> {
  let written = 0;
  const { changes, heldBack } = await provision({
    ...options,
    log: out,
    async onAccounts(plan) {
      const files = await writeEnvFiles(dir, envFiles(plan));
      for (const file of files) out(`wrote ${file.path} (${fileReason(file)})`);
      written = files.length;
    },
  });
  for (const change of heldBack) out(`held back: ${describeLack(change)}`);
  if (heldBack.length > 0) {
    out(`${counted(heldBack.length)} held back, since somebody would get more access than now.`);
    out('To have it so, run it again with --allow-widening.');
  }
  const count = changes.length + written;
  out(count === 0 ? 'Nothing had to be changed.' : `${counted(count)} put right.`);
  return heldBack.length === 0;
}

const fileReason = ({ why }: EnvFileChange): string => why;

const counted = (count: number): string => (count === 1 ? 'One thing' : `${count} things`);

interface Invocation {
  readonly dir: string;
  readonly check: boolean;
  readonly rotate: boolean;
  readonly options: ProvisionOptions;
}

function read(args: readonly string[], env: Terminal['env']): Invocation {
  const { values } = parseArgs({
    args: [...args],
    options: {
      domain: { type: 'string' },
      'env-dir': { type: 'string' },
      service: { type: 'string' },
      admin: { type: 'string', default: 'admin' },
      'admin-password-file': { type: 'string' },
      lifters: { type: 'string', default: '1' },
      administrator: { type: 'string', multiple: true, default: [] },
      reader: { type: 'string', multiple: true, default: [] },
      'results-access': { type: 'string', default: 'whitelist' },
      pubsub: { type: 'string' },
      'node-prefix': { type: 'string' },
      'ca-file': { type: 'string' },
      'allow-plaintext-on-loopback': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      rotate: { type: 'boolean', default: false },
      'allow-widening': { type: 'boolean', default: false },
    },
  });
  const domain = needed('--domain', values.domain);
  const { check, rotate } = values;
  if (check && rotate) throw new UsageError('--check changes nothing, --rotate does: which?');
  for (const jid of [...values.administrator, ...values.reader]) requireBareJid(jid);
  const pubsubJid = values.pubsub;
  const nodePrefix = values['node-prefix'];
  const caFile = values['ca-file'];
  return {
    dir: needed('--env-dir', values['env-dir']),
    check,
    rotate,
    options: {
      service: values.service ?? domain,
      domain,
      admin: {
        username: values.admin,
        password: adminPassword(values['admin-password-file'], env),
      },
      lifters: wholeNumber('--lifters', values.lifters),
      administrators: values.administrator,
      readers: values.reader,
      resultsAccess: accessModel(values['results-access']),
      widening: values['allow-widening'] ? 'allow' : 'hold-back',
      tls: {
        allowPlaintextOnLoopback: values['allow-plaintext-on-loopback'],
        ...(caFile === undefined ? {} : { caFile }),
      },
      ...(pubsubJid === undefined ? {} : { pubsubJid }),
      ...(nodePrefix === undefined ? {} : { nodePrefix }),
    },
  };
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
function adminPassword(file: string | undefined, env: Terminal['env']): string {
  if (file !== undefined) return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  const password = env[passwordVariable];
  if (password) return password;
  throw new UsageError(`--admin-password-file or the variable ${passwordVariable} is needed.`);
}
