import type { Instant } from '@heavylift/jobs';

/** Something that took a while, for the sake of a job. Recorded when it is over, so that a process that dies leaves none half done. */
export interface Span {
  readonly name: string;
  /** The traceparent under which others know it; a new span below `parent` if there is none. */
  readonly self?: string | undefined;
  /** The traceparent that it belongs under. Nothing is recorded of what has neither. */
  readonly parent?: string | undefined;
  readonly began: Instant;
  readonly ended: Instant;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** What went wrong. */
  readonly error?: string | undefined;
}

/** Where a service says what it has done in the traces of jobs. Never throws, whatever becomes of the spans. */
export interface Tracing {
  /** The traceparent for a span that is to be recorded later, and that others shall stand under. */
  childOf(parent: string): string;
  /** @param describe called only if somebody wants to know */
  record(describe: () => Span): void;
}

/** For who is not asked for traces. What others stand under is the request, as nothing in between is recorded. */
export const noTracing: Tracing = {
  childOf: (parent) => parent,
  record: () => undefined,
};
