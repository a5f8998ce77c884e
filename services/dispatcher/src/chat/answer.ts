import type { JobMark, Json } from '@heavylift/jobs';
import type { Brought, Desk } from '../desk.js';
import type { Decision, Refusal } from '../policy/policy.js';
import { texts } from './texts.js';

/** Why a request was not followed, as the condition of a stanza error (RFC 6120 section 8.3.3) that says the same. */
export type Condition =
  | 'forbidden'
  | 'item-not-found'
  | 'bad-request'
  | 'not-acceptable'
  | 'conflict'
  | 'resource-constraint';

/** A table for programs: the same columns in every row. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type Fields = Readonly<Record<string, Json | undefined>>;

/** What comes of a command, whichever way it was given. */
export interface Answer {
  /** For people. */
  readonly body: string;
  /** Of an answer that says no. */
  readonly condition?: Condition;
  /** The job it is about. */
  readonly job?: JobMark;
  /** The same for programs. */
  readonly fields?: Fields;
  readonly table?: Table;
  /** To be done when the answer is out. */
  readonly afterwards?: () => void;
  /** What came of the message. @default nothing */
  readonly brought?: Brought;
  /** The job has been given to a lifter: the answer that matters will come soon. */
  readonly runs?: boolean;
}

export function no(condition: Condition, body: string): Answer {
  return { condition, body };
}

/** The answer to whoever may not; nothing if they may. @param what in the words "you may not …" */
export function refusalOf(decision: Decision, what: string): Answer | undefined {
  return decision.allowed ? undefined : no('forbidden', refusalText(decision.why, what));
}

function refusalText(why: Refusal, what: string): string {
  switch (why.kind) {
    case 'stranger':
      return texts.stranger;
    case 'administrators-only':
      return texts.mayNot(what);
    case 'not-yours':
      return texts.notYours(what);
    case 'rule':
      return texts.denied(what, why.reason);
    case 'arguments':
      return texts.deniedArguments(what, why.argument, why.condition);
  }
}

/** The answer about a command that a lifter had, and that none has now; nothing if none ever had it. */
export function missingAnswer(desk: Desk, command: string, now: number): Answer | undefined {
  const last = desk.lastSeen?.(command);
  return last && no('item-not-found', texts.missing(command, last.lifter, now - last.at));
}
