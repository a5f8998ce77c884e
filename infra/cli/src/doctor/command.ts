import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Command, type ExitCode, exitCodes, type Terminal, UsageError } from '../command.js';
import { type Account, examine } from './examine.js';
import { describeFinding } from './finding.js';
import { readPatient } from './patient.js';

const help = `Usage: heavylift doctor [--config FILE] [--admin NAME] [--json]

Connects as a service would, by that service's configuration, and says line by line what is right, what is
wrong and how to mend it. Changes nothing; sends no presence.

  --config FILE             the service's configuration; otherwise the environment
  --admin NAME              an owner of the nodes, who sees their whole configuration
  --admin-password-file F   its password; otherwise the variable HEAVYLIFT_ADMIN_PASSWORD
  --json                    a line of JSON for each finding

  ✓ right   ✗ wrong   ! worth knowing   ? could not be seen

Exit code: 0 nothing is wrong; 2 something is; 1 it could not be examined.`;

export const doctor: Command = {
  summary: 'say what is right and wrong with the server a service is configured for',
  help,
  run,
};

async function run(args: readonly string[], { env, out }: Terminal): Promise<ExitCode> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string' },
      admin: { type: 'string' },
      'admin-password-file': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const patient = readPatient(env, values.config ?? env['CONFIG_FILE']);
  const owner = ownerOf(values.admin, values['admin-password-file'], env);
  const { XMPP_USERNAME, XMPP_DOMAIN } = patient.config;
  if (!values.json) out(`${patient.role} as ${XMPP_USERNAME}@${XMPP_DOMAIN}`);
  let faults = 0;
  for await (const finding of examine(patient, owner)) {
    if (finding.verdict === 'wrong') faults += 1;
    out(values.json ? JSON.stringify(finding) : describeFinding(finding));
  }
  if (!values.json) out(faults === 0 ? 'Nothing is wrong.' : `Wrong: ${faults}.`);
  return faults === 0 ? exitCodes.fine : exitCodes.notAsWanted;
}

function ownerOf(
  username: string | undefined,
  file: string | undefined,
  env: Terminal['env'],
): Account | undefined {
  if (username === undefined) return undefined;
  const password =
    file === undefined
      ? env['HEAVYLIFT_ADMIN_PASSWORD']
      : readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  if (password) return { username, password };
  throw new UsageError(
    '--admin needs --admin-password-file or the variable HEAVYLIFT_ADMIN_PASSWORD.',
  );
}
