import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@heavylift/service';
import { type Command, type ExitCode, exitCodes, type Terminal, UsageError } from '../command.js';
import { passwordFrom } from '../provision/read.js';
import { type Account, examine } from './examine.js';
import { describeFinding } from './finding.js';
import { mendsFor } from './mends.js';
import { readPatient } from './patient.js';

const help = `Usage: heavylift doctor [--config FILE | --env-dir DIR] [--admin NAME] [--json]

Connects as a service would, by that service's configuration, and says line by line what is right, what is
wrong and how to mend it. Changes nothing; sends no presence.

  --config FILE             the service's configuration; otherwise the environment
  --env-dir DIR             all services' configurations, as 'heavylift provision' wrote them
  --admin NAME              an owner of the nodes, who sees their whole configuration
  --admin-password-file F   its password; otherwise the variable HEAVYLIFT_ADMIN_PASSWORD
                            (- for standard input)
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
      'env-dir': { type: 'string' },
      admin: { type: 'string' },
      'admin-password-file': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { json, 'env-dir': envDir, 'admin-password-file': adminPasswordFile } = values;
  if (envDir !== undefined && values.config !== undefined)
    throw new UsageError('--config is one service, --env-dir are all: which?');
  const files = envDir === undefined ? [values.config ?? env['CONFIG_FILE']] : filesIn(envDir);
  const patients = files.map((file) => ({ file, patient: readPatient(env, file) }));
  const owner = ownerOf(values.admin, adminPasswordFile, env);
  let faults = 0;
  for (const { file, patient } of patients) {
    const { XMPP_USERNAME, XMPP_DOMAIN: domain } = patient.config;
    const account = `${XMPP_USERNAME}@${domain}`;
    const mends = mendsFor({ env, envDir, configFile: file, adminPasswordFile, domain });
    if (!json) out(`${patient.role} as ${account}`);
    for await (const finding of examine(patient, owner, mends)) {
      if (finding.verdict === 'wrong') faults += 1;
      out(json ? JSON.stringify({ account, ...finding }) : describeFinding(finding));
    }
  }
  if (!json) out(faults === 0 ? 'Nothing is wrong.' : `Wrong: ${faults}.`);
  return faults === 0 ? exitCodes.fine : exitCodes.notAsWanted;
}

/** What services read; each of them stands on the server with an account of its own. */
function filesIn(dir: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(dir).filter((name) => name.endsWith('.env'));
  } catch (error) {
    throw new UsageError(`--env-dir ${dir} cannot be read: ${messageOf(error)}`);
  }
  if (names.length === 0)
    throw new UsageError(
      `${dir} holds no configuration (*.env): run \`heavylift provision\` first.`,
    );
  return [...names]
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(dir, name));
}

function ownerOf(
  username: string | undefined,
  file: string | undefined,
  env: Terminal['env'],
): Account | undefined {
  if (username === undefined) return undefined;
  const password = file === undefined ? env['HEAVYLIFT_ADMIN_PASSWORD'] : passwordFrom(file);
  if (password) return { username, password };
  throw new UsageError(
    '--admin needs --admin-password-file or the variable HEAVYLIFT_ADMIN_PASSWORD.',
  );
}
