import { LaunchError, messageOf } from './launch/error.js';
import { readIfThere } from './launch/files.js';
import type { XmppServer } from './server.js';

/** The environment variables that name a server of somebody else's. */
export const EXTERNAL_VARIABLES = {
  HEAVYLIFT_SERVICE:
    'where the server is: xmpp://HOST:PORT, xmpps://HOST:PORT, ws://…, wss://…, or a domain',
  HEAVYLIFT_ADMIN_JID: 'an account that may create accounts (XEP-0133) and nodes: NAME@DOMAIN',
  HEAVYLIFT_ADMIN_PASSWORD: 'its password, or HEAVYLIFT_ADMIN_PASSWORD_FILE: a file that holds it',
  HEAVYLIFT_PUBSUB_SERVICE: 'the JID of its PubSub service; pubsub.DOMAIN if not set',
} as const;

type Variable = keyof typeof EXTERNAL_VARIABLES;

/**
 * The server that the environment names, if it names one. Nothing is started, nothing is asked.
 *
 * @throws {@link LaunchError} `invalid-settings`, which names every variable that is wrong.
 */
export async function externalServer(env: NodeJS.ProcessEnv): Promise<XmppServer | undefined> {
  const service = env['HEAVYLIFT_SERVICE']?.trim() ?? '';
  if (service === '') return undefined;

  const problems: string[] = [];
  const wrong = (variable: Variable, found: string): void => {
    problems.push(`${variable} ${found}. Expected: ${EXTERNAL_VARIABLES[variable]}.`);
  };

  if (!/^((xmpps?|wss?):\/\/[^\s/@]+(\/\S*)?|[^\s/@:]+)$/.test(service)) {
    wrong('HEAVYLIFT_SERVICE', `is ${JSON.stringify(service)}`);
  }

  const jid = env['HEAVYLIFT_ADMIN_JID']?.trim() ?? '';
  const [, username = '', domain = ''] = /^([^\s"&'/:<>@]+)@([^\s/@]+)$/.exec(jid) ?? [];
  if (username === '') wrong('HEAVYLIFT_ADMIN_JID', found(jid));

  const pubsub = env['HEAVYLIFT_PUBSUB_SERVICE']?.trim() || `pubsub.${domain}`;
  if (!/^[^\s/@]+$/.test(pubsub)) wrong('HEAVYLIFT_PUBSUB_SERVICE', found(pubsub));

  const password = await readPassword(env, (what) => wrong('HEAVYLIFT_ADMIN_PASSWORD', what));

  if (problems.length > 0) {
    const list = problems.map((problem) => `\n- ${problem}`).join('');
    const message = `HEAVYLIFT_SERVICE names a server, but the environment is not complete:${list}`;
    throw new LaunchError('invalid-settings', message);
  }
  return { service, domain, pubsub, admin: { username, password }, stop: async () => undefined };
}

const found = (value: string): string =>
  value === '' ? 'is not set' : `is ${JSON.stringify(value)}`;

async function readPassword(
  env: NodeJS.ProcessEnv,
  wrong: (what: string) => void,
): Promise<string> {
  const direct = env['HEAVYLIFT_ADMIN_PASSWORD'] ?? '';
  const file = env['HEAVYLIFT_ADMIN_PASSWORD_FILE'] ?? '';
  if (direct !== '' && file !== '') {
    wrong('is set, and so is HEAVYLIFT_ADMIN_PASSWORD_FILE: set one of them');
    return '';
  }
  if (direct !== '') return direct;
  if (file === '') {
    wrong('is not set');
    return '';
  }
  try {
    const content = (await readIfThere(file))?.trim();
    if (content === undefined) wrong(`cannot be read: there is no file ${file}`);
    else if (content === '') wrong(`cannot be read: ${file} is empty`);
    return content ?? '';
  } catch (error) {
    wrong(`cannot be read: ${messageOf(error)}`);
    return '';
  }
}
