import { appendFileSync } from 'node:fs';

/**
 * What happened in a run, as seen from outside. Times (`at`, `from`, `until`) are milliseconds of the machine's monotonic clock;
 * `request` is the id of the message by which a user asked.
 */
export type Observation =
  /** A user has sent a request. */
  | {
      readonly type: 'asked';
      readonly at: number;
      readonly request: string;
      readonly text: string;
      /** Asked again and again until there is an answer: a program does so, people do not. */
      readonly persists?: boolean;
    }
  /** A request was answered; with a job, it was accepted. */
  | {
      readonly type: 'answered';
      readonly at: number;
      readonly request?: string;
      readonly job?: string;
      readonly text: string;
    }
  /** A requester was told an outcome. */
  | {
      readonly type: 'told';
      readonly at: number;
      readonly job: string;
      readonly state: string;
      /** The id of the message that told it. */
      readonly message?: string;
      readonly request?: string;
    }
  /** A message told a program an outcome, whatever the program made of it. */
  | { readonly type: 'heard'; readonly at: number; readonly job: string }
  /** A handler began. `run` names this run of it. */
  | {
      readonly type: 'started';
      readonly at: number;
      readonly run: string;
      readonly job: string;
      readonly attempt: number;
      readonly request: string;
      /** No two jobs of the same key may be open at once. */
      readonly key?: number;
      readonly pid: number;
      /** A handler may run in a process beside the lifter's, which ends with it. */
      readonly parent: number;
    }
  | { readonly type: 'ended'; readonly at: number; readonly run: string; readonly how: string }
  /** A result in an item of the results node. */
  | {
      readonly type: 'result';
      readonly at: number;
      readonly job: string;
      readonly status: string;
      readonly attempt: number;
      readonly item: string;
    }
  | {
      readonly type: 'process';
      readonly at: number;
      readonly name: string;
      readonly pid: number;
      /** Undefined if it began. */
      readonly ended?: string;
    }
  | { readonly type: 'fault'; readonly at: number; readonly text: string }
  /** The network was not whole, or somebody in it was stopped: what a lifter does may then be unknown to the dispatcher. */
  | {
      readonly type: 'isolation';
      readonly at: number;
      readonly until: number;
      readonly why: string;
      /** Names of the services that it concerned, maybe none. Undefined: all. */
      readonly who?: readonly string[];
    }
  /** The server was killed: what it had confirmed in the time before, in milliseconds, may be gone. */
  | { readonly type: 'server-killed'; readonly at: number; readonly forgetsMs: number };

/** Where observations are put down as they are made. */
export interface Recorder {
  /** In the order in which they were noted. */
  readonly observations: readonly Observation[];
  note(observation: Observation): void;
}

/** @param file gets a JSON object a line, so that it tells the history even if we are killed */
export function createRecorder(file: string): Recorder {
  const observations: Observation[] = [];
  return {
    observations,
    note(observation) {
      observations.push(observation);
      appendFileSync(file, `${JSON.stringify(observation)}\n`);
    },
  };
}
