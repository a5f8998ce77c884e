import { parseArgs } from 'node:util';
import type { ContainerModule } from 'inversify';
import type { Logger } from 'pino';
import { logOptions } from './config/common.js';
import { explainConfig, loadConfig } from './config/load.js';
import type { Config, Schema } from './config/option.js';
import { effectiveText, helpText } from './config/show.js';
import { composeModules, defineModule, type Token } from './container.js';
import { isServiceError, messageOf } from './errors.js';
import { createHealth, type Health } from './health/health.js';
import { type HealthConfig, healthOptions } from './health/options.js';
import { readinessLog } from './health/readiness-log.js';
import { healthServer } from './health/server.js';
import { idleMemory } from './idle-memory.js';
import { type Lifecycle, type Stop, startInOrder } from './lifecycle.js';
import { createLogger } from './logging.js';
import { serviceMetrics } from './metrics/catalogue.js';
import { type Metrics, noMetrics } from './metrics/port.js';
import { createPrometheusMetrics } from './metrics/prometheus.js';
import { controlProcess, exitCodes, type ServiceContext } from './process-control.js';
import {
  HealthToken,
  LoggerToken,
  MetricsToken,
  ServiceContextToken,
  TracingToken,
} from './tokens.js';
import { type TracingConfig, tracingOptions } from './tracing/options.js';
import { noTracing, type Tracing } from './tracing/port.js';

/** What {@link runService} adds to the options of every service. */
export const processOptions = { ...logOptions, ...healthOptions, ...tracingOptions };

export interface ServiceDefinition<S extends Schema> {
  /** In every line of the log. */
  readonly name: string;
  /** Its options; {@link processOptions} are added. */
  readonly schema: S;
  /** Variables that begin so must be options; see `ConfigSources.prefixes`. @default XMPP_, PUBSUB_, HEALTH_, and the name in capitals */
  readonly prefixes?: readonly string[];
  /** Says what the service consists of. What stands in `tokens.ts` is provided already. */
  compose(config: Config<S>): ServiceParts;
}

export interface ServiceParts {
  readonly modules: readonly ContainerModule[];
  /** The parts to start, in this order; they are stopped in reverse. All of them are made before the first one is started. */
  readonly start: readonly Token<Lifecycle>[];
}

/**
 * The whole life of a service's process, from its command line to its exit code: 0 after a clean stop, 1 after a failure, 2 if its
 * configuration is wrong, and 128 + its number after a second signal. Never rejects.
 *
 * The command line knows `--config FILE` (as the variable `CONFIG_FILE`), `--check-config` and `--help`.
 *
 * Health and metrics are served, if the configuration says where, before the first part is started and until the last one is stopped.
 */
export async function runService<S extends Schema>(service: ServiceDefinition<S>): Promise<void> {
  const launch = readLaunch(service);
  if (launch === undefined) return;
  const log = createLogger({ name: service.name, level: launch.process.LOG_LEVEL });
  const control = controlProcess(log);
  const { signal } = control.context;
  const health = createHealth();
  let started = false;
  health.require('service', () => {
    if (signal.aborted) return 'stopping';
    return started ? undefined : 'starting';
  });
  let stop: Stop | undefined;
  try {
    const { metrics, serving } = observation(launch.process, health, log);
    const { tracing, exporting } = await tracingOf(service.name, launch.process, metrics, log);
    const own = { log, context: control.context, metrics, tracing, health };
    const parts = await makeParts(service.compose(launch.config), own);
    const all = [idleMemory(), readinessLog(health, log), ...serving, ...exporting, ...parts];
    stop = await startInOrder(all, { log, signal });
    started = true;
    log.info('ready');
    await control.told;
  } catch (error) {
    if (!isServiceError(error, 'start-aborted')) control.context.fail(error);
  }
  await stop?.().catch(control.context.fail);
  control.end();
}

interface Observation {
  readonly metrics: Metrics;
  /** The part that serves them; none if nobody is to look. */
  readonly serving: readonly Lifecycle[];
}

function observation(
  { HEALTH_HOST: host, HEALTH_PORT: port, HEALTH_ALLOWED_HOSTS: allowedHosts = [] }: HealthConfig,
  health: Health,
  log: Logger,
): Observation {
  if (port === undefined) return { metrics: noMetrics, serving: [] };
  const metrics = createPrometheusMetrics((error) => log.error({ err: error }, 'metric refused'));
  metrics.watch(serviceMetrics.ready, () => [{ labels: {}, value: health.report().ready ? 1 : 0 }]);
  return { metrics, serving: [healthServer({ host, port, allowedHosts, health, metrics, log })] };
}

interface Traces {
  readonly tracing: Tracing;
  /** The part that sends the last of them; none if nobody wants them. */
  readonly exporting: readonly Lifecycle[];
}

/** After a failed export, others like it are not logged for so long, in milliseconds. */
const silenceMs = 60_000;

async function tracingOf(
  name: string,
  config: TracingConfig,
  metrics: Metrics,
  log: Logger,
): Promise<Traces> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = config;
  if (endpoint === undefined) return { tracing: noTracing, exporting: [] };
  const { createOtlpTracing } = await import('./tracing/otlp.js');
  let loggedAt = Number.NEGATIVE_INFINITY;
  const { tracing, exporting } = createOtlpTracing({
    endpoint,
    headers: headers ?? {},
    serviceName: config.OTEL_SERVICE_NAME ?? `heavylift-${name}`,
    onExported: (spans) => metrics.count(serviceMetrics.spans, { outcome: 'exported' }, spans),
    onDropped(spans, error) {
      metrics.count(serviceMetrics.spans, { outcome: 'dropped' }, spans);
      if (performance.now() - loggedAt < silenceMs) return;
      loggedAt = performance.now();
      log.warn({ err: error, endpoint, spans }, 'spans could not be exported, and are dropped');
    },
  });
  log.info({ endpoint }, 'exporting traces');
  return { tracing, exporting: [exporting] };
}

/** What a service's parts may ask for without providing it. */
interface Own extends Pick<Observation, 'metrics'> {
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly context: ServiceContext;
  readonly health: Health;
}

async function makeParts(
  { modules, start }: ServiceParts,
  { log, context, metrics, tracing, health }: Own,
): Promise<Lifecycle[]> {
  const ownModule = defineModule((provide) => {
    provide(LoggerToken, [], () => log);
    provide(ServiceContextToken, [], () => context);
    provide(MetricsToken, [], () => metrics);
    provide(TracingToken, [], () => tracing);
    provide(HealthToken, [], () => health);
  });
  const composition = await composeModules([ownModule, ...modules]);
  const parts: Lifecycle[] = [];
  for (const part of start) parts.push(await composition.get(part));
  return parts;
}

interface Launch<S extends Schema> {
  readonly config: Config<S>;
  readonly process: Config<typeof processOptions>;
}

/** Reads command line and configuration. Undefined if there is nothing to run: the exit code is set then, and everything said. */
function readLaunch<S extends Schema>(service: ServiceDefinition<S>): Launch<S> | undefined {
  const { name, schema } = service;
  const upperName = name.toUpperCase().replaceAll('-', '_');
  const { prefixes = ['XMPP_', 'PUBSUB_', 'HEALTH_', `${upperName}_`] } = service;
  try {
    const { values: args } = parseArgs({
      options: {
        config: { type: 'string' },
        'check-config': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    const options = { ...schema, ...processOptions };
    if (args.help) {
      process.stdout.write(helpText(name, options));
      return undefined;
    }
    const { CONFIG_FILE, ...env } = process.env;
    const sources = { env, file: args.config ?? CONFIG_FILE, prefixes };
    const { config, effective } = explainConfig(options, sources);
    if (args['check-config']) {
      process.stdout.write(effectiveText(name, options, effective));
      return undefined;
    }
    return { config, process: loadConfig(processOptions, { ...sources, ignoreUnknown: true }) };
  } catch (error) {
    process.stderr.write(`${name}: ${messageOf(error)}\n`);
    process.exitCode = exitCodes.badConfiguration;
    return undefined;
  }
}
