import { ServiceError } from '../errors.js';
import { pause } from './bell.js';
import type { Office } from './types.js';

export interface OfficeOptions {
  readonly epoch: number;
  /** By `performance.now()`: when the office was surely ours. */
  readonly certainSince: number;
  readonly certaintyMs: number;
  /** Asks the service whether the lock is there and no higher one is. */
  readonly isHighest: () => Promise<boolean>;
  /** The lock could not be read. */
  readonly onUncertain: (error: unknown) => void;
  readonly onOver: (reason: ServiceError) => void;
}

/** An office as its candidacy sees it. */
export interface OwnOffice {
  readonly office: Office;
  /** Ends it; further calls do nothing. */
  end(reason: string): void;
}

const retryReadMs = 250;

export function beginOffice(options: OfficeOptions): OwnOffice {
  const { epoch, certaintyMs, isHighest, onUncertain, onOver } = options;
  const over = new AbortController();
  // From when the question was sent, since the answer may have waited for long in a process that was stopped. This clock goes on
  // meanwhile.
  let certainSince = options.certainSince;
  let reading: Promise<void> | undefined;
  /** How often the service was asked, and which of these questions it answered last with yes. */
  let asked = 0;
  let confirmed = 0;

  function end(message: string): void {
    if (over.signal.aborted) return;
    const reason = new ServiceError('office-lost', message);
    over.abort(reason);
    onOver(reason);
  }

  async function read(): Promise<void> {
    const began = performance.now();
    asked += 1;
    const question = asked;
    try {
      if (await isHighest()) {
        certainSince = began;
        confirmed = question;
      } else end(`the lock of epoch ${epoch} is gone, or not the highest any more`);
    } catch (error) {
      if (over.signal.aborted) return;
      onUncertain(error);
      await pause(retryReadMs, over.signal);
    }
  }

  function readOnce(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function certify(): Promise<void> {
    for (;;) {
      over.signal.throwIfAborted();
      if (performance.now() - certainSince <= certaintyMs) return;
      await readOnce();
    }
  }

  async function confirm(): Promise<void> {
    // One that is under way was asked before this call.
    const question = asked + 1;
    for (;;) {
      over.signal.throwIfAborted();
      if (confirmed >= question) return;
      await readOnce();
    }
  }

  const resign = (reason: string) => end(`resigned: ${reason}`);
  return { office: { epoch, signal: over.signal, certify, confirm, resign }, end };
}
