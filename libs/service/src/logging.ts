import type { SessionLog } from '@heavylift/xmpp-pubsub';
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
  pino,
} from 'pino';
import { onceATurn } from './once-a-turn.js';
import { withoutSecrets } from './redaction.js';
import { createSparing, spareDetails } from './sparing.js';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** The service; stands in every line. */
  readonly name: string;
  /** As option `LOG_LEVEL`. */
  readonly level: string;
  /** @default standard output: in order, at the end of each turn of the event loop, none lost at exit */
  readonly destination?: DestinationStream;
}

/** An error may be its own cause. */
const mostCauses = 10;

/** Lines of JSON. Errors go under the key `err`; secrets and the bodies of messages are cut out. */
export function createLogger({
  name,
  level,
  destination = standardOutput(),
}: LoggerOptions): Logger {
  const options = {
    name,
    level,
    formatters: {
      // A level in words is what people search for.
      level: (label: string) => ({ level: label }),
      log: (details: object) => ({ ...withoutSecrets(details) }),
    },
    serializers: { err: (error: Error) => withoutSecrets(serialized(error)) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return withoutSecretsInChildren(pino(options, destination));
}

/** With the messages of its causes, each once: many a message has that of its cause already. */
function serialized(error: Error): object {
  const all = pino.stdSerializers.err(error);
  if (!(error instanceof Error)) return all;
  let { message, cause } = error;
  for (let told = 0; told < mostCauses && cause instanceof Error; told += 1) {
    if (!message.includes(cause.message)) message += `: ${cause.message}`;
    ({ cause } = cause);
  }
  return { ...all, message };
}

/** What a child has in every line passes no formatter. Children of children come by here, too: they inherit it. */
function withoutSecretsInChildren(log: Logger): Logger {
  const { child } = log;
  return Object.defineProperty(log, 'child', {
    value(this: Logger, bindings: Bindings, options?: ChildLoggerOptions): unknown {
      return Reflect.apply(child, this, [withoutSecrets(bindings), options]);
    },
  });
}

let output: DestinationStream | undefined;

/**
 * One for all loggers of the process, so that their lines are in order.
 * Pino's own default writes in the background, and lets a fatal line overtake those that are on their way.
 */
function standardOutput(): DestinationStream {
  if (output !== undefined) return output;
  const lines = linesOfATurn(pino.destination({ dest: 1, sync: true }));
  process.once('exit', lines.flushSync);
  output = lines;
  return lines;
}

/**
 * Writes the lines of one turn of the event loop together: a write to the system for each line is half of what a line costs.
 * Whoever kills the process loses those of the turn it was in. Pino asks for `flushSync` after a fatal line.
 */
export function linesOfATurn(
  destination: DestinationStream,
): DestinationStream & { readonly flushSync: () => void } {
  let lines = '';
  const flushSync = () => {
    if (lines === '') return;
    const written = lines;
    lines = '';
    destination.write(written);
  };
  const flushSoon = onceATurn(flushSync);
  return {
    write(line) {
      lines += line;
      flushSoon();
    },
    flushSync,
  };
}

/** What the XMPP library has to say, as lines of a logger. */
export function sessionLog(log: Logger): SessionLog {
  const spare = createSparing();
  return {
    debug: (details, message) => log.debug(details, message),
    // Whoever sends us stanzas can cause these.
    warn(details, message) {
      const leftOut = spare(message);
      if (leftOut !== undefined) log.warn(spareDetails(details, leftOut), message);
    },
  };
}
