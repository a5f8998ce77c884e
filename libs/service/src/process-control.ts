import { constants } from 'node:os';
import type { Logger } from 'pino';
import { messageOf } from './errors.js';

/** How a part of a service can end the whole of it. Both calls return at once; only the first of all has an effect on what happens. */
export interface ServiceContext {
  /** Aborted when the service begins to stop. */
  readonly signal: AbortSignal;
  /** Stops the service; its work is done, or somebody asked for it. Exit code 0. */
  shutdown(reason: string): void;
  /** Stops the service, since it cannot go on. Exit code 1. */
  fail(error: unknown): void;
}

/** Exit codes of a service; a second signal gives 128 + its number. */
export const exitCodes = { clean: 0, failure: 1, badConfiguration: 2 } as const;

export interface ProcessControl {
  readonly context: ServiceContext;
  /** Resolves when the service has been told to stop. */
  readonly told: Promise<void>;
  /** Sets the exit code. What still keeps the process alive then is a leak: it is logged, and left behind. */
  end(): void;
}

/**
 * A terminal's Ctrl-C reaches a service by itself, and often again through the process that started it, which turns it into SIGTERM.
 * That pair is one request, not two.
 */
const samePressMs = 1_000;
const leakGraceMs = 1_000;

/** Takes over what can end a process: SIGTERM and SIGINT, and errors that nobody caught. */
export function controlProcess(log: Logger): ProcessControl {
  const stopping = new AbortController();
  let exitCode: number = exitCodes.clean;

  const context: ServiceContext = {
    signal: stopping.signal,
    shutdown(reason) {
      if (stopping.signal.aborted) return;
      log.info({ reason }, 'stopping');
      stopping.abort();
    },
    fail(error) {
      exitCode = exitCodes.failure;
      if (stopping.signal.aborted) {
        log.error({ err: error }, 'failed while stopping');
        return;
      }
      log.fatal({ err: error }, `stopping: ${messageOf(error)}`);
      stopping.abort();
    },
  };

  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  let ended = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // All is stopped: whoever asks again must not turn a clean end into a killed process.
    if (ended) process.exit();
    const now = performance.now();
    if (first === undefined) {
      first = { signal, at: now };
      context.shutdown(signal);
    } else if (signal === first.signal || now - first.at > samePressMs) {
      log.warn({ signal }, 'second signal: exiting at once');
      process.exit(128 + constants.signals[signal]);
    }
  };
  const onFatal = (error: unknown): void => context.fail(error);

  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);

  return {
    context,
    told: new Promise((resolve) => {
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    }),
    end() {
      ended = true;
      process.off('uncaughtException', onFatal);
      process.off('unhandledRejection', onFatal);
      log.info({ exitCode }, 'stopped');
      process.exitCode = exitCode;
      // Leaving it to Node would take the signals' handlers away first, and a late signal would kill what has ended well.
      process.once('beforeExit', () => process.exit());
      const leaked = setTimeout(() => {
        log.warn(
          { resources: process.getActiveResourcesInfo() },
          'left open; exiting all the same',
        );
        process.exit();
      }, leakGraceMs);
      leaked.unref();
    },
  };
}
