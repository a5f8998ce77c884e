import { join } from 'node:path';
import { ensureImage, findEngine, OFFICIAL_IMAGE, startEjabberdContainer } from './container.js';
import { externalServer } from './external.js';
import { findInstallation } from './installation.js';
import { hasApt } from './launch/debian.js';
import { LaunchError, messageOf } from './launch/error.js';
import { STATE_DIR, unpackedInstallation } from './packages.js';
import type { EjabberdServer, XmppServer } from './server.js';
import { startEjabberd } from './start.js';

export interface FindOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Where packages are unpacked and data are kept. @default `.heavylift` in the workspace */
  readonly stateDir?: string;
  /** Keep accounts, nodes and jobs for the next start. @default false: nothing stays */
  readonly keep?: boolean;
  /** Told in lines for people what is done and why. */
  readonly log?: (line: string) => void;
  /** Where the file system begins when an installed ejabberd is looked for. @default / */
  readonly prefix?: string;
}

/** A server, and where it comes from. */
export interface FoundServer extends XmppServer {
  /** `external`: somebody else's, which must be provisioned, and stays as it is when we stop. */
  readonly kind: 'external' | 'installed' | 'container' | 'unpacked';
  /** Its log, if we started it. */
  readonly logFile?: string;
}

/**
 * Finds a server, or starts one. In this order: the one that `HEAVYLIFT_SERVICE` names; ejabberd
 * installed on this machine; a Docker engine with ejabberd's official image (`EJABBERD_IMAGE`
 * names another); ejabberd's packages of Debian or Ubuntu, unpacked below the state folder.
 *
 * What was passed over, and why, is in the line that says which one it is.
 *
 * @throws {@link LaunchError} `invalid-settings` or `nothing-to-run`, with what to do.
 */
export async function findServer(options: FindOptions = {}): Promise<FoundServer> {
  const { env = process.env, stateDir = STATE_DIR, log = () => undefined } = options;

  const external = await externalServer(env);
  if (external !== undefined) {
    log(`Server: ${external.service}, because HEAVYLIFT_SERVICE says so.`);
    return { ...external, kind: 'external' };
  }

  const passedOver = ['HEAVYLIFT_SERVICE is not set'];
  for (const candidate of [installed, container, unpacked]) {
    const found = await candidate({ ...options, env, stateDir, log });
    if (typeof found === 'string') {
      passedOver.push(found);
    } else {
      log(`Server: ${found.what}, because ${passedOver.join(', ')}.`);
      return foundServer(found);
    }
  }
  throw new LaunchError(
    'nothing-to-run',
    `There is no XMPP server to use: ${passedOver.join(', ')}.\n${WHAT_TO_DO}`,
  );
}

const WHAT_TO_DO = `Do one of these:
- install ejabberd, so that its programs are on this machine; it need not run: https://www.ejabberd.im
- install Docker and start its engine
- set HEAVYLIFT_SERVICE, HEAVYLIFT_ADMIN_JID and HEAVYLIFT_ADMIN_PASSWORD to use a server that runs`;

interface Context extends FindOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly stateDir: string;
  readonly log: (line: string) => void;
}

interface Started {
  readonly kind: FoundServer['kind'];
  /** In words. */
  readonly what: string;
  readonly server: EjabberdServer;
}

/** A server that was started, or why there is none. */
type Outcome = Promise<Started | string>;

async function installed(context: Context): Outcome {
  const installation = await findInstallation(context.prefix);
  if (installation === undefined) return 'ejabberd is not installed';
  return attempt(context, 'the installed ejabberd does not start', async () => ({
    kind: 'installed',
    what: `ejabberd ${installation.version}, installed on this machine`,
    server: await startEjabberd({ installation, ...folder(context, 'installed') }),
  }));
}

async function container(context: Context): Outcome {
  const engine = await findEngine(context.env);
  if (typeof engine === 'string') return engine;
  const image = context.env['EJABBERD_IMAGE'] || OFFICIAL_IMAGE;
  return attempt(context, `Docker cannot run ${image}`, async () => {
    await ensureImage(engine, image, context.log);
    return {
      kind: 'container',
      what: `ejabberd in a container of ${image}`,
      server: await startEjabberdContainer({ engine, image, ...folder(context, 'container') }),
    };
  });
}

async function unpacked(context: Context): Outcome {
  if (!(await hasApt())) return 'there is no apt-get to fetch its packages with';
  return attempt(context, 'its packages cannot be fetched and run', async () => {
    const installation = await unpackedInstallation(context);
    return {
      kind: 'unpacked',
      what: `ejabberd ${installation.version}, packages unpacked in ${installation.where}`,
      server: await startEjabberd({ installation, ...folder(context, 'unpacked') }),
    };
  });
}

/** What is wrong with one candidate shall not keep us from the next; it is said in full, though. */
async function attempt({ log }: Context, failure: string, start: () => Promise<Started>): Outcome {
  try {
    return await start();
  } catch (error) {
    const [summary, ...details] = messageOf(error).trim().split('\n');
    for (const line of details) log(line);
    return `${failure} (${summary})`;
  }
}

/** Data of one kind are of no use to another: version and node name differ. */
const folder = ({ keep = false, stateDir }: Context, kind: FoundServer['kind']) =>
  keep ? { dir: join(stateDir, 'data', kind) } : {};

const foundServer = ({ kind, server }: Started): FoundServer => ({
  kind,
  service: server.service,
  domain: server.domain,
  pubsub: server.pubsub,
  admin: server.admin,
  logFile: server.logFile,
  stop: server.stop,
});
