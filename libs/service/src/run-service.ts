import { parseArgs } from 'node:util';
import type { ContainerModule } from 'inversify';
import type { Logger } from 'pino';
import { logOptions } from './config/common.js';
import { loadConfig } from './config/load.js';
import { type Config, describeOptions, type Schema } from './config/option.js';
import { composeModules, defineModule, type Token } from './container.js';
import { isServiceError, messageOf } from './errors.js';
import { type Lifecycle, type Stop, startInOrder } from './lifecycle.js';
import { createLogger } from './logging.js';
import { controlProcess, exitCodes, type ServiceContext } from './process-control.js';
import { LoggerToken, ServiceContextToken } from './tokens.js';

export interface ServiceDefinition<S extends Schema> {
  /** In every line of the log. */
  readonly name: string;
  /** Its options; `LOG_LEVEL` is added. */
  readonly schema: S;
  /** Variables that begin so must be options; see `ConfigSources.prefixes`. @default XMPP_, PUBSUB_, and the name in capitals */
  readonly prefixes?: readonly string[];
  /** Says what the service consists of. `LoggerToken` and `ServiceContextToken` are provided already. */
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
 */
export async function runService<S extends Schema>(service: ServiceDefinition<S>): Promise<void> {
  const launch = readLaunch(service);
  if (launch === undefined) return;
  const log = createLogger({ name: service.name, level: launch.logLevel });
  const control = controlProcess(log);
  let stop: Stop | undefined;
  try {
    const parts = await makeParts(service.compose(launch.config), log, control.context);
    stop = await startInOrder(parts, { log, signal: control.context.signal });
    log.info('ready');
    await control.told;
  } catch (error) {
    if (!isServiceError(error, 'start-aborted')) control.context.fail(error);
  }
  await stop?.().catch(control.context.fail);
  control.end();
}

async function makeParts(
  { modules, start }: ServiceParts,
  log: Logger,
  context: ServiceContext,
): Promise<Lifecycle[]> {
  const ownModule = defineModule((provide) => {
    provide(LoggerToken, [], () => log);
    provide(ServiceContextToken, [], () => context);
  });
  const composition = await composeModules([ownModule, ...modules]);
  const parts: Lifecycle[] = [];
  for (const part of start) parts.push(await composition.get(part));
  return parts;
}

interface Launch<S extends Schema> {
  readonly config: Config<S>;
  readonly logLevel: string;
}

/** Reads command line and configuration. Undefined if there is nothing to run: the exit code is set then, and everything said. */
function readLaunch<S extends Schema>(service: ServiceDefinition<S>): Launch<S> | undefined {
  const { name, schema } = service;
  const upperName = name.toUpperCase().replaceAll('-', '_');
  const { prefixes = ['XMPP_', 'PUBSUB_', `${upperName}_`] } = service;
  try {
    const { values: args } = parseArgs({
      options: {
        config: { type: 'string' },
        'check-config': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (args.help) {
      process.stdout.write(helpText(name, { ...logOptions, ...schema }));
      return undefined;
    }
    const { CONFIG_FILE, ...env } = process.env;
    const sources = { env, file: args.config ?? CONFIG_FILE, prefixes };
    const config = loadConfig({ ...logOptions, ...schema }, sources);
    if (args['check-config']) {
      process.stdout.write(`${name}: the configuration is right.\n`);
      return undefined;
    }
    return { config, logLevel: String(config.LOG_LEVEL) };
  } catch (error) {
    process.stderr.write(`${name}: ${messageOf(error)}\n`);
    process.exitCode = exitCodes.badConfiguration;
    return undefined;
  }
}

function helpText(name: string, schema: Schema): string {
  const options = describeOptions(schema).map(
    ({ name: option, description, expected, ifNotGiven, secret }) =>
      `  ${option}${secret ? ` (or ${option}_FILE)` : ''}\n` +
      `      ${description}\n` +
      `      ${expected}; ${ifNotGiven === 'required' ? 'required' : `if not given: ${ifNotGiven}`}\n`,
  );
  return [
    `Usage: ${name} [--config FILE] [--check-config] [--help]\n\n`,
    'Options, from the environment or the file (JSON, or lines NAME=value):\n\n',
    ...options,
  ].join('');
}
