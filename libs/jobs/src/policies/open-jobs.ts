import type { HandlerSpec } from '../domain/handler.js';
import type { Instant, JobEntry, JobId, Requester } from '../domain/job.js';
import type { JsonObject } from '../domain/json.js';
import { ownText } from '../own-text.js';
import { jsonText } from '../xml/json.js';
import { createAgenda } from './agenda.js';
import { messagePart, requestPart } from './ids.js';
import { requesterKey } from './tally.js';

export interface KnownJob {
  readonly id: JobId;
  readonly number: number;
}

/** Finds open jobs by what people and their clients call them. */
export interface OpenJobs {
  opened(entry: JobEntry): void;
  closed(entry: JobEntry, now: Instant): void;
  /** It is another job from now on, with another unique key maybe. */
  amended(before: JobEntry, entry: JobEntry): void;
  withNumber(number: number): JobId | undefined;
  /** The open job of the kind with the unique key. */
  withKey(kind: string, uniqueKey: string): JobId | undefined;
  /**
   * The job that the same message has brought already by asking for the same: the ids of both were made with the same bytes. It is known
   * while it is open, and for the duplicate window after it was submitted (or until so many others have ended). Not longer, since some
   * clients use ids again.
   * @param job an id that was made for the message
   */
  ofRequest(job: JobId, now: Instant): KnownJob | undefined;
  /** As {@link ofRequest}, whatever it was that the message asked for; the latest, if there are several. */
  ofMessage(job: JobId, now: Instant): KnownJob | undefined;
}

/** So long after it was submitted, the same message is the same job, open or not, in milliseconds. */
export const duplicateWindowMs = 600_000;
/** Closed jobs whose messages are remembered: some 90 MB of them. Of more jobs in ten minutes, the oldest are forgotten. */
const mostRemembered = 200_000;

/** @param remembered closed jobs whose messages are known, at most */
export function createOpenJobs(remembered = mostRemembered): OpenJobs {
  const numbers = new Map<number, JobId>();
  const keys = new Map<string, JobId>();
  const requests = new Map<string, KnownJob>();
  const messages = new Map<string, KnownJob>();
  /** Closed jobs whose messages are still known. */
  const recent = createAgenda();

  function forgetMessage(id: JobId): void {
    if (requests.get(requestPart(id))?.id === id) requests.delete(requestPart(id));
    if (messages.get(messagePart(id))?.id === id) messages.delete(messagePart(id));
  }

  function sweep(now: Instant): void {
    for (const id of recent.due(now)) forgetMessage(id);
    while (recent.next !== undefined && recent.size > remembered)
      for (const id of recent.due(recent.next)) forgetMessage(id);
  }

  function putKey({ id, kind, uniqueKey }: JobEntry): void {
    if (uniqueKey !== undefined) keys.set(keyText(kind, uniqueKey), id);
  }

  function dropKey({ id, kind, uniqueKey }: JobEntry): void {
    const key = uniqueKey === undefined ? '' : keyText(kind, uniqueKey);
    if (keys.get(key) === id) keys.delete(key);
  }

  return {
    opened(entry) {
      numbers.set(entry.number, entry.id);
      putKey(entry);
      if (messageKey(entry.requester) === undefined) return;
      const known = { id: ownText(entry.id), number: entry.number };
      requests.set(ownText(requestPart(entry.id)), known);
      messages.set(ownText(messagePart(entry.id)), known);
    },

    closed(entry, now) {
      numbers.delete(entry.number);
      dropKey(entry);
      if (requests.get(requestPart(entry.id))?.id === entry.id)
        recent.set(ownText(entry.id), entry.submitted + duplicateWindowMs);
      sweep(now);
    },

    amended(before, entry) {
      dropKey(before);
      putKey(entry);
    },

    withNumber: (number) => numbers.get(number),
    withKey: (kind, uniqueKey) => keys.get(keyText(kind, uniqueKey)),

    ofRequest(job, now) {
      sweep(now);
      return requests.get(requestPart(job));
    },
    ofMessage(job, now) {
      sweep(now);
      return messages.get(messagePart(job));
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
  if (uniqueBy === undefined) return undefined;
  // Not what every object has, such as `constructor`.
  const own = new Map(Object.entries(args));
  return jsonText(uniqueBy.map((name) => own.get(name) ?? null));
}
