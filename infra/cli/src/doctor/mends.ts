import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rememberedName } from '../provision/remembered.js';

/** What to do, as it can be typed. */
export interface Mends {
  /** Sets right what takes no leave. */
  readonly provision: string;
  /** As well what gives an account more access than it has now. */
  readonly provisionWidening: string;
}

export interface MendSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the services' files are, if that was said. */
  readonly envDir?: string | undefined;
  readonly configFile?: string | undefined;
  readonly adminPasswordFile?: string | undefined;
  readonly domain: string;
}

/** How `heavylift provision` is called here: elsewhere than on the command line, its caller says so. */
export function mendsFor(sources: MendSources): Mends {
  const command = sources.env['HEAVYLIFT_PROVISION_COMMAND'] || ownCommand(sources);
  return {
    provision: `Run \`${command}\`.`,
    provisionWidening: `Run \`${command} --allow-widening\`.`,
  };
}

function ownCommand(sources: MendSources): string {
  const { env, envDir, configFile, adminPasswordFile, domain } = sources;
  const dir = envDir ?? (configFile === undefined ? 'DIR' : dirname(configFile));
  const isRemembered = existsSync(join(dir, rememberedName));
  return [
    env['npm_lifecycle_event'] === 'heavylift' ? 'npm run heavylift --' : 'heavylift',
    `provision --env-dir ${dir}`,
    ...(isRemembered ? [] : [`--domain ${domain}`]),
    ...(adminPasswordFile === undefined ? [] : [`--admin-password-file ${adminPasswordFile}`]),
  ].join(' ');
}
