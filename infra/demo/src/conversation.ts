import type { Heard } from './heard.js';

/** How a message is to be shown, and what it answers. */
export interface Reaction {
  readonly kind: 'message' | 'progress' | 'undelivered';
  /** The job it is about, by its short number. */
  readonly jobNumber?: string;
  /** The line that got its first answer, or came back. */
  readonly answered?: { readonly text: string; readonly afterMs: number };
}

/**
 * Keeps account of what was said and what is still owed: an answer to each line, and an outcome for each scheduled job.
 * Times are milliseconds of any one clock.
 */
export interface Conversation {
  said(id: string, text: string, atMs: number): void;
  heard(message: Heard, atMs: number): Reaction;
  /** Lines without an answer. */
  readonly unanswered: readonly string[];
  /** Short numbers of jobs that were scheduled and have not ended. */
  readonly openJobs: readonly string[];
  /** Nothing is owed any more. */
  readonly settled: boolean;
  /** When last something was said or heard. */
  readonly lastAtMs: number;
}

interface Line {
  readonly text: string;
  readonly atMs: number;
}

export function createConversation(startedAtMs = 0): Conversation {
  const waiting = new Map<string, Line>();
  const open = new Map<string, string>();
  // A job's outcome and the answer that it was scheduled come from two senders, so in any order.
  const ended = new Set<string>();
  let lastAtMs = startedAtMs;

  const answer = (id: string | undefined, atMs: number): Reaction['answered'] => {
    const line = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || line === undefined) return undefined;
    waiting.delete(id);
    return { text: line.text, afterMs: atMs - line.atMs };
  };

  const account = ({ job }: Heard): void => {
    if (job === undefined || ended.has(job.id)) return;
    if (job.state === 'scheduled' || job.state === 'progress') {
      open.set(job.id, job.number);
      return;
    }
    open.delete(job.id);
    ended.add(job.id);
  };

  return {
    said(id, text, atMs) {
      waiting.set(id, { text, atMs });
      lastAtMs = atMs;
    },
    heard(message, atMs) {
      lastAtMs = atMs;
      account(message);
      const returned = message.undelivered !== undefined;
      const answered = answer(returned ? message.id : message.answers, atMs);
      const progress = message.job?.state === 'progress';
      return {
        kind: returned ? 'undelivered' : progress ? 'progress' : 'message',
        ...(message.job === undefined ? {} : { jobNumber: message.job.number }),
        ...(answered === undefined ? {} : { answered }),
      };
    },
    get unanswered() {
      return [...waiting.values()].map((line) => line.text);
    },
    get openJobs() {
      return [...open.values()];
    },
    get settled() {
      return waiting.size === 0 && open.size === 0;
    },
    get lastAtMs() {
      return lastAtMs;
    },
  };
}
