import type { HandlerSpec } from '../domain/handler.js';
import type { Instant, JobEntry, JobId, Requester } from '../domain/job.js';
import type { JsonObject } from '../domain/json.js';
import { ownText } from '../own-text.js';
import { jsonText } from '../xml/json.js';
import { createAgenda } from './agenda.js';
import { requesterKey } from './tally.js';

export interface KnownJob {
  readonly id: JobId;
  readonly number: number;
}

/** Finds open jobs by what people and their clients call them. */
export interface OpenJobs {
  opened(entry: JobEntry): void;
  closed(entry: JobEntry, now: Instant): void;
  withNumber(number: number): JobId | undefined;
  /** The open job of the kind with the unique key. */
  withKey(kind: string, uniqueKey: string): JobId | undefined;
  /**
   * The job that this very message has brought already: same sender, same origin-id (XEP-0359) or else message id, while the job is open or
   * for the duplicate window after it was submitted (or until so many others have ended). Not longer, since some clients use ids again.
   */
  duplicateOf(requester: Requester, now: Instant): KnownJob | undefined;
}

/** So long after it was submitted, the same message is the same job, open or not, in milliseconds. */
export const duplicateWindowMs = 600_000;
/** Closed jobs whose messages are remembered: some 90 MB of them. Of more jobs in ten minutes, the oldest are forgotten. */
const mostRemembered = 200_000;

/** @param remembered closed jobs whose messages are known, at most */
export function createOpenJobs(remembered = mostRemembered): OpenJobs {
  const numbers = new Map<number, JobId>();
  const keys = new Map<string, JobId>();
  const messages = new Map<string, KnownJob>();
  /** Closed jobs whose messages are still known. */
  const recent = createAgenda();
  const messageOf = new Map<JobId, string>();

  function forgetMessage(id: JobId): void {
    const message = messageOf.get(id);
    messageOf.delete(id);
    if (message !== undefined && messages.get(message)?.id === id) messages.delete(message);
  }

  function sweep(now: Instant): void {
    for (const id of recent.due(now)) forgetMessage(id);
    while (recent.next !== undefined && recent.size > remembered)
      for (const id of recent.due(recent.next)) forgetMessage(id);
  }

  return {
    opened(entry) {
      numbers.set(entry.number, entry.id);
      if (entry.uniqueKey !== undefined) keys.set(keyText(entry.kind, entry.uniqueKey), entry.id);
      const key = messageKey(entry.requester);
      if (key === undefined) return;
      const message = ownText(key);
      messages.set(message, { id: entry.id, number: entry.number });
      messageOf.set(entry.id, message);
    },

    closed(entry, now) {
      numbers.delete(entry.number);
      const key = entry.uniqueKey === undefined ? '' : keyText(entry.kind, entry.uniqueKey);
      if (keys.get(key) === entry.id) keys.delete(key);
      if (messageOf.has(entry.id)) recent.set(entry.id, entry.submitted + duplicateWindowMs);
      sweep(now);
    },

    withNumber: (number) => numbers.get(number),
    withKey: (kind, uniqueKey) => keys.get(keyText(kind, uniqueKey)),

    duplicateOf(requester, now) {
      sweep(now);
      const message = messageKey(requester);
      return message === undefined ? undefined : messages.get(message);
    },
  };
}

function keyText(kind: string, uniqueKey: string): string {
  return `${kind} ${uniqueKey}`;
}

/** What tells one message that asks for a job from all others, if it has an id. */
export function messageKey(requester: Requester): string | undefined {
  const id = requester.originId ?? requester.messageId;
  return id === undefined ? undefined : `${requesterKey(requester)}\n${id}`;
}

/** The key of a job of this handler with these arguments; none if its jobs are not unique. */
export function uniqueKeyOf(
  { uniqueBy }: Pick<HandlerSpec, 'uniqueBy'>,
  args: JsonObject,
): string | undefined {
  return uniqueBy === undefined ? undefined : jsonText(uniqueBy.map((name) => args[name] ?? null));
}
