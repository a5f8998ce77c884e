import type { SessionLog } from '@heavylift/xmpp-pubsub';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Fields whose values never reach a log, at the top and up to two objects down. */
const secretFields = ['password', 'secret', 'token', 'authorization', 'body'];
const redactedPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

export interface LoggerOptions {
  /** The service; stands in every line. */
  readonly name: string;
  /** As option `LOG_LEVEL`. */
  readonly level: string;
  /** @default standard output, written at once, so that lines are in order and none is lost at exit */
  readonly destination?: DestinationStream;
}

/** Lines of JSON. Errors go under the key `err`; secrets and the bodies of messages are cut out. */
export function createLogger({
  name,
  level,
  destination = standardOutput(),
}: LoggerOptions): Logger {
  const options = {
    name,
    level,
    redact: { paths: redactedPaths, censor: '[redacted]' },
    // A level in words is what people search for.
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, destination);
}

/** Pino's own default writes in the background, and lets a fatal line overtake those that are on their way. */
function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: true });
}

/** What the XMPP library has to say, as lines of a logger. */
export function sessionLog(log: Logger): SessionLog {
  return {
    debug: (details, message) => log.debug(details, message),
    warn: (details, message) => log.warn(details, message),
  };
}
