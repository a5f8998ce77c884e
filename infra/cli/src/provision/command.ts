import { join } from 'node:path';
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
import { type Command, type ExitCode, exitCodes, type Terminal } from '../command.js';
import { writeComposeFile } from './compose-file.js';
import { type Invocation, readInvocation } from './read.js';
import { remember, rememberedName } from './remembered.js';

const help = `Usage: heavylift provision --env-dir DIR --domain DOMAIN [OPTION]...
       heavylift provision --env-dir DIR [OPTION]...

Makes an XMPP server ready for the services: accounts with random passwords, nodes, who may do what there.
What is right already stays as it is; a second run changes nothing. Options are remembered in DIR/${rememberedName},
passwords apart: a later call needs only those that are to be otherwise.

  --env-dir DIR             where the services' configuration is kept: a file each, readable by its owner
                            alone. Passwords in it that still work are kept, and so are lines you added
  --domain DOMAIN           of the accounts
  --service URL             where the server is, e.g. xmpp://127.0.0.1:5222 (default: DOMAIN, by SRV)
  --admin NAME              an account that may administer the server (default: admin)
  --admin-password-file F   its password, - for standard input; otherwise the variable HEAVYLIFT_ADMIN_PASSWORD
  --lifters N               how many lifter accounts there are to be (default: those that are known, or 1).
                            Lifters that are known stay even if there are more, but with:
  --shrink                  take the access of lifters beyond N away
  --administrator JID       a person who may stop the services; may be repeated
  --reader JID              an account that may read the results; may be repeated
  --results-access MODEL    who else may: whitelist (default, nobody), authorize, open
  --pubsub JID              of the PubSub service (default: pubsub.DOMAIN)
  --node-prefix TEXT        what the names of all nodes begin with (default: heavylift/)
  --ca-file FILE            the certificate authority to trust instead of the system's
  --allow-plaintext-on-loopback   do without TLS, to a server on this machine only
  --compose-file FILE       also write, for Docker Compose, those lifters that its file does not have
  --compose-base NAME       which file that is: single.yaml (default) or cluster.yaml

  --check                   change nothing, only tell what is not as wanted
  --rotate                  new passwords for all accounts; start the services anew afterwards
  --rotate-account NAME     a new password for one: bot, notifier, lifter-1, ...; may be repeated
  --allow-widening          give somebody more access to nodes that are there than now; held back otherwise

Exit code: 0 all is as wanted; 2 something is not (--check), or was held back; 1 it failed.`;

export const provisionCommand: Command = {
  summary: 'make an XMPP server ready for the services, or check that it is',
  help,
  run,
};

async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const invocation = readInvocation(args, terminal.env);
  const { dir, check, rotate, options, notes } = invocation;
  for (const note of notes) terminal.out(note);
  const full = { ...options, passwords: kept(await passwordsIn(dir), rotate) };
  const outcome = check ? await look(dir, full, terminal) : await apply(invocation, full, terminal);
  return outcome ? exitCodes.fine : exitCodes.notAsWanted;
}

function kept(
  passwords: Readonly<Record<string, string>>,
  rotate: Invocation['rotate'],
): Readonly<Record<string, string>> {
  if (rotate === 'all') return {};
  return Object.fromEntries(Object.entries(passwords).filter(([name]) => !rotate.includes(name)));
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

async function apply(
  { dir, remembered, compose, rotate }: Invocation,
  options: ProvisionOptions,
  { out }: Terminal,
): Promise<boolean> {
  let written = 0;
  const { changes, heldBack } = await provision({
    ...options,
    log: out,
    async onAccounts(plan) {
      const files = await writeEnvFiles(dir, envFiles(plan));
      for (const file of files) out(`wrote ${file.path} (${fileReason(file)})`);
      if (await remember(dir, remembered)) out(`wrote ${join(dir, rememberedName)} (options)`);
      if (compose !== undefined) {
        const { path, base } = compose;
        if (await writeComposeFile(path, base, remembered.PROVISION_LIFTERS))
          out(`wrote ${path} (lifters)`);
      }
      written = files.length;
    },
  });
  for (const change of heldBack) out(`held back: ${describeLack(change)}`);
  if (heldBack.length > 0) {
    out(`${counted(heldBack.length)} held back, since somebody would get more access than now.`);
    out('To have it so, run the same command again with --allow-widening.');
  }
  const count = changes.length + written;
  out(count === 0 ? 'Nothing had to be changed.' : `${counted(count)} put right.`);
  if (rotate.length > 0) out('Start the services anew, so that they read their new files.');
  return heldBack.length === 0;
}

const fileReason = ({ why }: EnvFileChange): string => why;

const counted = (count: number): string => (count === 1 ? 'One thing' : `${count} things`);
