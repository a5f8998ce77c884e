/** What `provision` was told, kept beside the services' files: the next call need not repeat it. */
import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bareJid,
  type Config,
  flag,
  integer,
  list,
  loadConfig,
  messageOf,
  oneOf,
  optional,
  required,
  text,
  withDefault,
} from '@heavylift/service';
import { UsageError } from '../command.js';

/** Not `.env`: it is the configuration of no service. */
export const rememberedName = 'provision.conf';

const otherwise = 'the default of the command';
const may = (type: ReturnType<typeof text>) =>
  optional({ description: 'As the option of that name.', type, otherwise });
const jids = optional({ description: 'Bare JIDs.', type: list(bareJid()), otherwise: 'nobody' });

/** No secret among them. */
const options = {
  PROVISION_DOMAIN: required({ description: 'As --domain.', type: text('a domain') }),
  PROVISION_SERVICE: may(text('an address')),
  PROVISION_ADMIN: may(text('an account')),
  PROVISION_LIFTERS: withDefault({
    description: 'As --lifters.',
    type: integer({ min: 0, max: 999_999 }),
    default: '1',
  }),
  PROVISION_ADMINISTRATORS: jids,
  PROVISION_READERS: jids,
  PROVISION_RESULTS_ACCESS: withDefault({
    description: 'As --results-access.',
    type: oneOf(['whitelist', 'authorize', 'open']),
    default: 'whitelist',
  }),
  PROVISION_PUBSUB: may(text('a JID')),
  PROVISION_NODE_PREFIX: may(text('what names begin with')),
  PROVISION_CA_FILE: may(text('a file')),
  PROVISION_ALLOW_PLAINTEXT_ON_LOOPBACK: withDefault({
    description: 'As the option of that name.',
    type: flag(),
    default: 'false',
  }),
};

export type Remembered = Config<typeof options>;

/** @throws UsageError if the file is there and cannot be used */
export function readRemembered(dir: string): Remembered | undefined {
  const file = join(dir, rememberedName);
  if (!existsSync(file)) return undefined;
  try {
    return loadConfig(options, { env: {}, file });
  } catch (error) {
    throw new UsageError(
      `${file}, which holds the options of the last call, cannot be used: ${messageOf(error)}. Mend or delete it, and give all options once more.`,
    );
  }
}

/** @returns whether it was not so before */
export async function remember(dir: string, remembered: Remembered): Promise<boolean> {
  const path = join(dir, rememberedName);
  const lines = Object.entries(remembered)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}=${value}`);
  const content = `${['# Written by `heavylift provision`: its options.', ...lines].join('\n')}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return false;
  const next = `${path}.new`;
  await writeFile(next, content, { mode: 0o600 });
  await rename(next, path);
  return true;
}
