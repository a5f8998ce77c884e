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
import { locateModule } from './handlers/locate.js';
import {
  builtInModules,
  type HandlerRegistry,
  loadHandlers,
  registryOf,
} from './handlers/registry.js';
import { createLifter, type LifterNodes } from './lifter.js';
import { createRunner, type Runner } from './runner/runner.js';

const NodesToken = token<LifterNodes>('LifterNodes');
const RegistryToken = token<HandlerRegistry>('HandlerRegistry');
const RunnerToken = token<Runner>('Runner');
const LifterToken = token<Lifecycle>('Lifter');

/** What the process of a lifter consists of. */
export function composeLifter(config: LifterConfig): ServiceParts {
  const { LIFTER_NAME = config.XMPP_USERNAME } = config;
  const graceMs = config.LIFTER_CANCEL_GRACE_SECONDS;
  // New at each start, so that a full JID names one life of one process.
  const resource = `${LIFTER_NAME}.${randomBytes(6).toString('hex')}`;

  const module = defineModule((provide) => {
    provide(NodesToken, [PubSubToken, SessionToken], (pubsub, session) =>
      openNodes(pubsub, session, config),
    );
    provide(RegistryToken, [], () => loadAll(config));
    provide(RunnerToken, [LoggerToken], (log) =>
      createRunner({
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
      (session, nodes, registry, runner, log, metrics, tracing, { shutdown }) =>
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

/** What every lifter can do, and what this one is configured to. */
async function loadAll({ LIFTER_HANDLERS = [], LIFTER_COMMANDS }: LifterConfig) {
  const own = LIFTER_HANDLERS.map((name) => locateModule(name, process.cwd()));
  const handlers = await loadHandlers([...builtInModules, ...own]);
  const commands = LIFTER_COMMANDS === undefined ? [] : loadCommands(LIFTER_COMMANDS, process.env);
  return registryOf([...handlers, ...commands]);
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
