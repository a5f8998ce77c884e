import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  eventsCodec,
  handlersCodec,
  lifterSheetCodec,
  type NodeRole,
  nodeName,
  resultsCodec,
} from '@heavylift/jobs';
import {
  aboutJob,
  defineModule,
  HealthToken,
  type Lifecycle,
  LoggerToken,
  MetricsToken,
  PubSubToken,
  ServiceContextToken,
  type ServiceParts,
  SessionPartToken,
  SessionToken,
  TracingToken,
  token,
  xmppModule,
} from '@heavylift/service';
import type { PubSubService, Session } from '@heavylift/xmpp-pubsub';
import { z } from 'zod';
import { loadCommands } from './commands/load.js';
import type { LifterConfig } from './config.js';
import { LifterError, messageOf } from './errors.js';
import { loadApart } from './handlers/load-apart.js';
import { locateModule } from './handlers/locate.js';
import {
  builtInModules,
  type Loaded,
  loadHandlers,
  type Registered,
  registryOf,
  together,
} from './handlers/registry.js';
import { createLifter, type LifterNodes } from './lifter.js';
import { type HandlersProcess, handlersUser } from './runner/environment.js';
import { createRunner, type Runner } from './runner/runner.js';

const NodesToken = token<LifterNodes>('LifterNodes');
const RegistryToken = token<Registered>('Handlers');
const RunnerToken = token<Runner>('Runner');
const LifterToken = token<Lifecycle>('Lifter');

/** What the configuration does not say. */
interface Surroundings {
  /** Whether nobody else of the lifter's user can read what the configuration has of secrets. */
  readonly areSecretsHidden?: boolean;
}

const visibleSecrets =
  'handlers can read the password of the environment in which the lifter was started: give it as XMPP_PASSWORD_FILE, and set LIFTER_HANDLERS_USER';

/** What the process of a lifter consists of. */
export function composeLifter(
  config: LifterConfig,
  { areSecretsHidden = true }: Surroundings = {},
): ServiceParts {
  const { LIFTER_NAME = config.XMPP_USERNAME } = config;
  const graceMs = config.LIFTER_CANCEL_GRACE_SECONDS;
  const as: HandlersProcess = handlersUser(config.LIFTER_HANDLERS_USER);
  // New at each start, so that a full JID names one life of one process.
  const resource = `${LIFTER_NAME}.${randomBytes(6).toString('hex')}`;

  const module = defineModule((provide) => {
    provide(NodesToken, [PubSubToken, SessionToken], (pubsub, session) =>
      openNodes(pubsub, session, config),
    );
    provide(RegistryToken, [LoggerToken, HealthToken], async (log, health) => {
      if (!areSecretsHidden) log.warn(visibleSecrets);
      const all = await loadAll(config, as);
      for (const problem of all.problems) log.error({ problem }, 'a handler is refused');
      const refused = all.problems.length === 0 ? undefined : `refused: ${all.problems.join('; ')}`;
      health.note('handlers', () => refused);
      return all;
    });
    provide(RunnerToken, [LoggerToken], (log) =>
      createRunner({
        ...as,
        slots: config.LIFTER_SLOTS,
        graceMs,
        idleMs: config.LIFTER_HANDLERS_IDLE,
        onOutput: (line, stream) => log.warn({ stream, line }, 'a handler wrote this'),
        onRestarted: ({ job, attempt, handler }) =>
          log.warn(
            aboutJob({ ...job, attempt, kind: handler }),
            'starts over, alone: another handler has brought down the process they shared',
          ),
      }),
    );
    provide(
      LifterToken,
      [
        SessionToken,
        NodesToken,
        RegistryToken,
        RunnerToken,
        LoggerToken,
        MetricsToken,
        TracingToken,
        ServiceContextToken,
      ],
      (session, nodes, { registry, problems }, runner, log, metrics, tracing, { shutdown }) =>
        createLifter({
          session,
          nodes,
          dispatcher: config.BOT_ACCOUNT,
          version: readVersion(),
          slots: config.LIFTER_SLOTS,
          namesRequester: config.RESULTS_NAME_REQUESTER,
          resultsKept: config.LIFTER_RESULTS_KEPT,
          drainMs: config.LIFTER_DRAIN_SECONDS,
          graceMs,
          registry,
          refused: problems.length,
          runner,
          shutdown,
          metrics,
          tracing,
          log: log.child({ lifter: LIFTER_NAME }),
        }),
    );
  });
  return {
    modules: [xmppModule(config, { resource }), module],
    start: [SessionPartToken, LifterToken],
  };
}

/**
 * What every lifter can do, and what this one is configured to. It goes on without what cannot be used.
 * @throws LifterError if nothing of what `LIFTER_HANDLERS` names can be
 */
async function loadAll(config: LifterConfig, as: HandlersProcess): Promise<Registered> {
  const { LIFTER_HANDLERS: names = [], LIFTER_COMMANDS: file } = config;
  const own = together(await Promise.all(names.map((name) => loadOwn(name, as))));
  if (names.length > 0 && own.handlers.length === 0) {
    throw new LifterError('handlers-not-loaded', own.problems.join('; '));
  }
  const builtIn = await loadHandlers(builtInModules);
  const commands = file === undefined ? [] : loadCommands(file, process.env);
  const { registry, problems } = registryOf([...builtIn.handlers, ...own.handlers, ...commands]);
  return { registry, problems: [...own.problems, ...problems] };
}

async function loadOwn(name: string, as: HandlersProcess): Promise<Loaded> {
  try {
    return await loadApart(locateModule(name, process.cwd()), as);
  } catch (error) {
    return { handlers: [], problems: [messageOf(error)] };
  }
}

function openNodes(
  pubsub: PubSubService,
  session: Pick<Session, 'jid'>,
  { NODE_PREFIX }: LifterConfig,
): LifterNodes {
  const name = (role: NodeRole) => nodeName(role, NODE_PREFIX);
  return {
    jobs: pubsub.node(
      name('jobs'),
      lifterSheetCodec(() => `${session.jid}`),
    ),
    results: pubsub.node(name('results'), resultsCodec),
    events: pubsub.node(name('events'), eventsCodec),
    handlers: pubsub.node(name('handlers'), handlersCodec),
  };
}

function readVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(file)).version;
}
