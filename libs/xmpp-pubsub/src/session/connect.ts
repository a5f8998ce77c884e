import { platform } from '#transport';
import { isXmppError, XmppError } from '../errors.js';
import { type Bound, negotiate, type Resumed } from './negotiate.js';
import type { Settings } from './options.js';
import { connectStream, type XmlStream } from './stream.js';
import type { Resumption } from './stream-management.js';
import type { Target } from './transport/types.js';

export interface ConnectContext {
  readonly settings: Settings;
  /** How many attempts failed before: the next one tries the next target. */
  readonly failures: number;
  readonly signal: AbortSignal;
  readonly before: Resumption | undefined;
  readonly lost: (handled: number | undefined) => void;
  readonly drained: () => void;
}

export interface Connected {
  readonly stream: XmlStream;
  readonly negotiated: Resumed | Bound;
}

/**
 * One attempt, bounded in time. If it fails, no socket, timer or listener of it is left.
 * @throws XmppError
 */
export async function connect(context: ConnectContext): Promise<Connected> {
  const { settings, signal, before, lost, drained } = context;
  const { connectTimeoutMs: ms, domain, tls } = settings;
  const attempt = new AbortController();
  let stream: XmlStream | undefined;
  const giveUp = (error: XmppError) => {
    attempt.abort(error);
    stream?.fail(error);
  };
  const stopped = () => giveUp(new XmppError('stopped', 'The session was stopped'));
  const timer = setTimeout(() => {
    giveUp(new XmppError('connection-failed', `The server did not let us in within ${ms} ms`));
  }, ms);
  signal.addEventListener('abort', stopped, { once: true });
  try {
    if (signal.aborted) stopped();
    const target = await pickTarget(context, attempt.signal);
    stream = await connectStream({
      domain,
      drained,
      dial: (events) =>
        platform.dial(target, { domain, ca: tls.ca, signal: attempt.signal, events }),
    });
    attempt.signal.throwIfAborted();
    return { stream, negotiated: await negotiate({ stream, settings, before, lost }) };
  } catch (error) {
    // An aborted attempt fails in whatever it was at; the reason for the abort is what counts.
    const failure = toXmppError(attempt.signal.aborted ? attempt.signal.reason : error);
    stream?.fail(failure);
    throw failure;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stopped);
  }
}

async function pickTarget(
  { settings, failures }: ConnectContext,
  signal: AbortSignal,
): Promise<Target> {
  const { targets, lookUp } = settings;
  const known = lookUp === undefined ? targets : await platform.lookUp(lookUp, signal);
  const target = known[failures % known.length];
  if (target !== undefined) return target;
  throw new XmppError('connection-failed', `No server is known for ${lookUp}`);
}

export function toXmppError(error: unknown): XmppError {
  if (isXmppError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new XmppError('connection-failed', `Could not connect: ${message}`, { cause: error });
}
