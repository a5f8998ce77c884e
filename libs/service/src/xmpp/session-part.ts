import {
  isXmppError,
  type Session,
  type SessionEvents,
  type Unlisten,
  type XmppError,
} from '@heavylift/xmpp-pubsub';
import type { Logger } from 'pino';
import { ServiceError } from '../errors.js';
import type { Health } from '../health/health.js';
import { watchSession } from '../health/session.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Metrics } from '../metrics/port.js';

export interface SessionPartOptions {
  /** Stands in the lines of the log. @default 'xmpp' */
  readonly name?: string;
  readonly log: Logger;
  /** Told of its connections; being online becomes a condition of readiness. @default nobody is told */
  readonly watch?: { readonly metrics: Metrics; readonly health: Health };
  /** Told when the session has ended for good after it had been online; the service cannot go on then. */
  readonly onEnd: (error: ServiceError) => void;
  /** Least time between two lines that say the server cannot be reached, in milliseconds. @default 30_000 */
  readonly quietMs?: number;
}

/**
 * A session as a part of a service. Its start waits for a server that is not there yet, for as long as that takes, and fails at once
 * on what waiting does not cure.
 */
export function sessionPart(
  session: Session,
  { name = 'xmpp', log, watch, onEnd, quietMs = 30_000 }: SessionPartOptions,
): Lifecycle {
  let unlisten: readonly Unlisten[] = [];
  return {
    name,
    startTimeoutMs: Number.POSITIVE_INFINITY,
    async start(signal) {
      const outage = reportOutages(log, quietMs);
      let started = false;
      unlisten = [
        session.on('online', outage.over),
        session.on('offline', outage.goesOn),
        ...(watch === undefined ? [] : [watchSession(session, name, watch)]),
        // Before it was online, the failed start says the same.
        session.on('giving-up', ({ error }) => {
          if (started) onEnd(ended(name, error));
        }),
      ];
      await session.start({ signal }).catch((error: unknown) => {
        throw isXmppError(error, 'authentication-failed') ? refused(error) : error;
      });
      started = true;
    },
    async stop() {
      for (const off of unlisten) off();
      await session.stop();
    },
  };
}

/** Waiting does not cure it, and starting again neither: so it says what does. */
const whatToDo =
  'The account is gone, as after its server was wiped, or has another password: `heavylift provision` makes it with the password in the file, and a service whose file has changed has to be started anew.';

const refused = (cause: XmppError): ServiceError =>
  new ServiceError('start-failed', `${cause.message}. ${whatToDo}`, { cause });

function ended(name: string, cause: Error): ServiceError {
  const hint = isXmppError(cause, 'authentication-failed') ? `. ${whatToDo}` : '';
  const message = `the session ${name} ended for good: ${cause.message}${hint}`;
  return new ServiceError('session-ended', message, { cause });
}

/** A line when an outage begins, one now and then while it lasts, one when it is over. */
function reportOutages(log: Logger, quietMs: number) {
  let failures = 0;
  let lastLine = Number.NEGATIVE_INFINITY;
  return {
    over({ jid, resumed }: SessionEvents['online']): void {
      log.info({ jid: jid.toString(), resumed, failures }, 'online');
      failures = 0;
      lastLine = Number.NEGATIVE_INFINITY;
    },
    goesOn({ error, retryInMs }: SessionEvents['offline']): void {
      failures += 1;
      const details = { code: error.code, reason: error.message, retryInMs, failures };
      if (performance.now() - lastLine < quietMs) {
        log.debug(details, 'still no connection');
        return;
      }
      lastLine = performance.now();
      log.warn(details, 'no connection to the XMPP server, trying again');
    },
  };
}
