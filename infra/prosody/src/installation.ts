import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { STATE_DIR } from '@heavylift/ejabberd';
import { exists, findProgram, hasApt, unpackPackages } from '@heavylift/ejabberd/launch';

/** Prosody as files on this machine. */
export interface Installation {
  /** The folder below which all of it lies: `/`, or where its packages were unpacked. */
  readonly where: string;
  /** The Lua that runs it. */
  readonly lua: string;
  /** Where Lua finds modules and shared objects, beside its usual places. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Lua's versions that Debian and Ubuntu built Prosody for, the newest first. */
const LUA_VERSIONS = ['5.4', '5.3', '5.2', '5.1'];

export interface FindSettings {
  /** Where packages are unpacked. @default `.heavylift` in the workspace */
  readonly stateDir?: string;
  readonly log?: (line: string) => void;
}

/**
 * Prosody with SQLite storage: the one on this machine, or the distribution's packages unpacked
 * below the state folder.
 *
 * @returns undefined if there is neither, so that a test can say loudly that it was skipped.
 */
export async function findProsody(settings: FindSettings = {}): Promise<Installation | undefined> {
  const { stateDir = STATE_DIR, log = () => undefined } = settings;
  const installed = await installationBelow('/');
  if (installed !== undefined) return installed;
  if (!(await hasApt())) return undefined;
  const target = join(stateDir, 'prosody-packages');
  await unpackPackages({
    packages: ['prosody', 'lua-dbi-sqlite3'],
    always: /^(prosody|lua)/,
    target,
    log,
  });
  return installationBelow(target);
}

async function installationBelow(where: string): Promise<Installation | undefined> {
  if (!(await exists(join(where, 'usr/lib/prosody')))) return undefined;
  for (const version of LUA_VERSIONS) {
    const objects = await objectFolder(where, version);
    const lua = await luaProgram(where, version);
    if (objects === undefined || lua === undefined) continue;
    const environment = where === '/' ? {} : luaEnvironment(where, version, objects);
    return { where, lua, environment };
  }
  return undefined;
}

/** The folder of Lua's shared objects, if the SQLite driver is in it: it depends on the processor. */
async function objectFolder(where: string, version: string): Promise<string | undefined> {
  const usr = join(where, 'usr/lib');
  for (const name of await readdir(usr)) {
    const folder = join(usr, name, 'lua', version);
    if (await exists(join(folder, 'dbd/sqlite3.so'))) return folder;
  }
  return undefined;
}

async function luaProgram(where: string, version: string): Promise<string | undefined> {
  const unpacked = join(where, `usr/bin/lua${version}`);
  return (await exists(unpacked)) ? unpacked : findProgram(`lua${version}`);
}

function luaEnvironment(where: string, version: string, objects: string): Record<string, string> {
  const modules = join(where, 'usr/share/lua', version);
  return {
    LUA_PATH: `${modules}/?.lua;${modules}/?/init.lua;;`,
    LUA_CPATH: `${objects}/?.so;;`,
    LD_LIBRARY_PATH: join(objects, '../..'),
  };
}
