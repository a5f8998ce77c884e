import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { setPassword } from '@heavylift/provision';
import { type Command, type ExitCode, exitCodes, type Terminal, UsageError } from './command.js';
import { adminPassword, passwordFrom } from './provision/read.js';
import { readRemembered } from './provision/remembered.js';

const help = `Usage: heavylift account NAME --new-password-file FILE --domain DOMAIN [OPTION]...
       heavylift account NAME --new-password-file FILE --env-dir DIR [OPTION]...

Makes an account for a person or a program, or sets the password of one that is there: the administrator's,
too. Nothing of what the account owns is lost. The services' accounts are 'heavylift provision --rotate'.

  --new-password-file FILE  the password to give it, - for standard input
  --env-dir DIR             where 'heavylift provision' remembers the options below
  --domain DOMAIN           of the accounts
  --service URL             where the server is (default: DOMAIN, by SRV)
  --admin NAME              an account that may administer the server (default: admin)
  --admin-password-file F   its password, - for standard input; otherwise the variable HEAVYLIFT_ADMIN_PASSWORD
  --ca-file FILE            the certificate authority to trust instead of the system's
  --allow-plaintext-on-loopback   do without TLS, to a server on this machine only

Exit code: 0 done; 1 it failed.`;

export const account: Command = {
  summary: 'make an account, or give one that is there another password',
  help,
  run,
};

async function run(args: readonly string[], { env, out }: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'new-password-file': { type: 'string' },
      'env-dir': { type: 'string' },
      domain: { type: 'string' },
      service: { type: 'string' },
      admin: { type: 'string' },
      'admin-password-file': { type: 'string' },
      'ca-file': { type: 'string' },
      'allow-plaintext-on-loopback': { type: 'boolean' },
    },
  });
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0 || !/^[^\s"&'/:<>@]+$/.test(name))
    throw new UsageError(
      'one name of an account is needed, without its domain; --help tells more.',
    );
  const file = values['new-password-file'];
  if (file === undefined)
    throw new UsageError(`--new-password-file is needed. To make a password: ${example()}`);
  if (file === '-' && values['admin-password-file'] === '-')
    throw new UsageError('Only one password can come from standard input.');
  const last = values['env-dir'] === undefined ? undefined : readRemembered(values['env-dir']);
  const domain = values.domain ?? last?.PROVISION_DOMAIN;
  if (domain === undefined)
    throw new UsageError('--domain is needed, or --env-dir of a provisioned server.');
  const password = passwordFrom(file);
  if (password === '') throw new UsageError(`${file} is empty: an account needs a password.`);
  const caFile = values['ca-file'] ?? last?.PROVISION_CA_FILE;
  const made = await setPassword({
    service: values.service ?? last?.PROVISION_SERVICE ?? domain,
    domain,
    admin: {
      username: values.admin ?? last?.PROVISION_ADMIN ?? 'admin',
      password: adminPassword(values['admin-password-file'], env),
    },
    tls: {
      allowPlaintextOnLoopback:
        values['allow-plaintext-on-loopback'] ??
        last?.PROVISION_ALLOW_PLAINTEXT_ON_LOOPBACK ??
        false,
      ...(caFile === undefined ? {} : { caFile }),
    },
    username: name,
    newPassword: password,
  });
  out(`${made ? 'made the account' : 'set the password of'} ${name}@${domain}`);
  return exitCodes.fine;
}

const example = (): string =>
  `(umask 077; printf %s ${randomBytes(24).toString('base64url')} > FILE)`;
