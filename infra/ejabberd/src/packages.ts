import { fileURLToPath } from 'node:url';
import { findInstallation, type Installation } from './installation.js';
import { hasApt, unpackPackages } from './launch/debian.js';
import { LaunchError } from './launch/error.js';

/** Where programs are unpacked and servers are kept: `.heavylift` in the workspace. */
export const STATE_DIR = fileURLToPath(new URL('../../../.heavylift', import.meta.url));

export interface UnpackSettings {
  /** @default `.heavylift` in the workspace */
  readonly stateDir?: string;
  readonly log?: (line: string) => void;
}

/**
 * ejabberd from the distribution's packages, unpacked below the state folder: 31 MB to fetch the
 * first time, nothing after that.
 */
export async function unpackedInstallation(settings: UnpackSettings = {}): Promise<Installation> {
  const { stateDir = STATE_DIR, log = () => undefined } = settings;
  const target = `${stateDir}/ejabberd-packages`;
  await unpackPackages({
    packages: ['ejabberd'],
    // Erlang's libraries look for each other in one folder.
    always: /^(erlang|ejabberd)/,
    target,
    log,
  });
  const installation = await findInstallation(target);
  if (installation !== undefined) return installation;
  throw new LaunchError(
    'command-failed',
    `No ejabberd is in ${target}. Remove that folder, so that it is unpacked anew.`,
  );
}

/** The ejabberd on this machine, else one that is unpacked from packages. */
export async function anyInstallation(settings: UnpackSettings = {}): Promise<Installation> {
  const installed = await findInstallation();
  if (installed !== undefined) return installed;
  if (await hasApt()) return unpackedInstallation(settings);
  throw new LaunchError(
    'nothing-to-run',
    'No ejabberd is installed, and there is no apt-get to fetch one. Install ejabberd.',
  );
}
