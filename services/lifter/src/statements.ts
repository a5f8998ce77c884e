/** What was said of jobs, and what must be said again because it was not heard. No I/O. */
import type { JobId, LedgerChanges, RunningJob } from '@heavylift/jobs';
import type { Assignment } from './assignments.js';
import { isResult, type Report } from './reports.js';

/** What is new in the ledger. */
export interface LedgerNews extends LedgerChanges {
  /** The ledger was read anew: there may have been nobody to hear what was said meanwhile. */
  readonly isReread: boolean;
}

/**
 * Results stay in their node, reports do not, and even a result may be trimmed before it is read. So each is remembered until the
 * ledger shows by the job's next state that it was heard.
 */
export interface Statements {
  /** Attempts that have ended, and of which the server does not know it yet. */
  readonly unconfirmed: readonly RunningJob[];
  add(assignment: Assignment, report: Report): void;
  /** What was said last of the job answers this one, if it is remembered. */
  assignmentOf(job: JobId): Assignment | undefined;
  /** The server has it. */
  confirmed(report: Report): void;
  /** Whether there is one of this attempt. */
  isOf(job: JobId, attempt: number): boolean;
  /** Forgets what was heard. @returns what is to be said again */
  toRepeat(news: LedgerNews, mine: ReadonlyMap<JobId, Assignment>): Report[];
}

interface Statement {
  readonly report: Report;
  /** The job's state that it answers. */
  answers: Assignment;
  isConfirmed: boolean;
}

export function createStatements(): Statements {
  const statements = new Map<JobId, Statement>();

  /** What was handed back and comes again is to be done, whether the dispatcher has heard of that or not. */
  const isOrderedAnew = ({ report, answers }: Statement, now: Assignment): boolean =>
    !isResult(report) && report.outcome === 'released' && now.revision > answers.revision;

  function isUnheard(statement: Statement, now: Assignment, somebodyNew: boolean): boolean {
    // What is still being published need not be repeated.
    if (!statement.isConfirmed) return false;
    // Results are read by whoever comes; reports are gone when they have been said.
    if (somebodyNew && !isResult(statement.report)) return true;
    // The same order anew is a question what became of it; a request to cancel has only crossed the answer.
    const { answers } = statement;
    return now.revision > answers.revision && !now.cancelRequested === !answers.cancelRequested;
  }

  return {
    get unconfirmed() {
      return [...statements.values()]
        .filter(({ isConfirmed }) => !isConfirmed)
        .map(({ report: { job, attempt } }) => ({ id: job, attempt }));
    },
    add(assignment, report) {
      statements.set(assignment.id, { report, answers: assignment, isConfirmed: false });
    },
    assignmentOf: (job) => statements.get(job)?.answers,
    confirmed(report) {
      const statement = statements.get(report.job);
      if (statement?.report === report) statement.isConfirmed = true;
    },
    isOf: (job, attempt) => statements.get(job)?.report.attempt === attempt,
    toRepeat({ changed, gone, newEpoch, isReread }, mine) {
      const somebodyNew = newEpoch || isReread;
      const concerned = somebodyNew
        ? [...statements.keys()]
        : [...changed.map(({ id }) => id), ...gone];
      return concerned.flatMap((job) => {
        const statement = statements.get(job);
        if (statement === undefined) return [];
        const now = mine.get(job);
        if (now?.attempt !== statement.report.attempt || isOrderedAnew(statement, now)) {
          statements.delete(job);
          return [];
        }
        if (!isUnheard(statement, now, somebodyNew)) return [];
        statement.answers = now;
        statement.isConfirmed = false;
        return [statement.report];
      });
    },
  };
}
