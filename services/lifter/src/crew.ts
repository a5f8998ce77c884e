import type { Instant, JobId, Progress } from '@heavylift/jobs';
import { aboutJob, type Logger, spanAttributes, type Tracing } from '@heavylift/service';
import type { AbortReason, Assignment, RunningAttempt } from './assignments.js';
import type { RegisteredHandler } from './handlers/registry.js';
import type { EndedAttempt } from './reports.js';
import type { FromHandler } from './runner/protocol.js';
import type { Outcome, Runner } from './runner/runner.js';

/** The attempts that run. */
export interface Crew {
  readonly running: ReadonlyMap<JobId, RunningAttempt & Told>;
  /** Starts an attempt of a job that does not run, by this handler. */
  start(assignment: Assignment, handler: RegisteredHandler): void;
  /** Tells the attempt to end; only the first reason counts. */
  abort(job: JobId, reason: AbortReason): void;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

interface Told {
  readonly kind: string;
  /** It has been told to end, and nothing can end it: it keeps its slot, and its job stays open. */
  readonly isOverdue: boolean;
}

export interface CrewOptions {
  readonly runner: Runner;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly onProgress: (progress: Progress) => void;
  /** The attempt is no longer among the running ones then. */
  readonly onEnd: (ended: EndedAttempt) => void;
}

interface Run extends RunningAttempt, Told {
  readonly assignment: Assignment;
  readonly handler: RegisteredHandler;
  readonly controller: AbortController;
  ending: boolean;
  isOverdue: boolean;
  reason?: AbortReason;
}

/** What the handler is told. */
const explanations: Readonly<Record<AbortReason, string>> = {
  cancelled: 'the job was cancelled',
  expired: "the job's deadline has come",
  lost: "the job is not this lifter's any more",
  draining: 'the lifter is shutting down',
};

export function createCrew(options: CrewOptions): Crew {
  const { runner, tracing, log, onProgress, onEnd } = options;
  const running = new Map<JobId, Run>();
  let onIdle: (() => void)[] = [];

  async function work(run: Run): Promise<void> {
    const { assignment, handler, controller } = run;
    const { id, number, attempt, kind, args, timeoutMs, traceparent: parent } = assignment;
    // What the work calls stands under the attempt.
    const self = parent === undefined ? undefined : tracing.childOf(parent);
    const about = aboutJob(assignment);
    const onMessage = (message: FromHandler) => {
      if (message.type === 'log') {
        const { level, message: words, details, stream } = message;
        log[level]({ ...about, details, stream }, words);
      } else {
        onProgress({ ...message, job: id, attempt, at: Date.now() });
      }
    };
    const onOverdue = () => {
      if (handler.isolation !== 'inline') return;
      run.isOverdue = true;
      log.warn(about, 'has been told to end, and goes on: its slot stays taken until it ends');
    };
    const started: Instant = Date.now();
    log.info(about, 'started');
    const outcome = await runner.run(
      {
        job: { id, number, ...(self !== undefined && { traceparent: self }) },
        attempt,
        handler: kind,
        isolation: handler.isolation,
        work: handler.work,
        args,
        timeoutMs,
      },
      { signal: controller.signal, onMessage, onOverdue },
    );
    const finished = Date.now();
    log.info({ ...about, ...summary(outcome, run.reason), ms: finished - started }, 'ended');
    tracing.record(() => ({
      name: 'run',
      self,
      parent,
      began: started,
      ended: finished,
      attributes: { ...spanAttributes(assignment), 'job.outcome': outcome.type },
      ...(outcome.type === 'failed' && { error: outcome.error.message }),
    }));
    running.delete(id);
    onEnd({ assignment, outcome, started, finished, ...(run.reason && { reason: run.reason }) });
    if (running.size > 0) return;
    for (const resolve of onIdle) resolve();
    onIdle = [];
  }

  return {
    running,
    start(assignment, handler) {
      const { id, attempt, kind } = assignment;
      const controller = new AbortController();
      const run: Run = {
        ...{ assignment, attempt, kind, handler, controller },
        ending: false,
        isOverdue: false,
      };
      running.set(id, run);
      void work(run);
    },
    abort(job, reason) {
      const run = running.get(job);
      if (run === undefined || run.ending) return;
      run.ending = true;
      run.reason = reason;
      run.controller.abort(explanations[reason]);
    },
    idle: () =>
      running.size === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve)),
  };
}

function summary(outcome: Outcome, reason: AbortReason | undefined): object {
  switch (outcome.type) {
    case 'failed':
      return { outcome: outcome.type, error: outcome.error };
    case 'released':
      return { outcome: outcome.type, reason: outcome.reason };
    case 'aborted':
      return { outcome: outcome.type, reason };
    case 'succeeded':
      return { outcome: outcome.type };
  }
}
