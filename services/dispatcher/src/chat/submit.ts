import type { Desk, Duplicate, RunAnswer, RunRequest } from '../desk.js';
import { decide, type Policy } from '../policy/policy.js';
import { type Answer, no, refusalOf } from './answer.js';
import { commandLine, stateOf } from './describe.js';
import { jobFields } from './job-fields.js';
import { texts } from './texts.js';

export interface Submission extends RunRequest {
  /** Bare JID of who asks. */
  readonly who: string;
}

export interface SubmitPorts {
  readonly policy: () => Policy;
  readonly now: () => number;
  /** The policy does not let them have it. @default nobody is told */
  readonly onForbidden?: () => void;
}

type PolicyPorts = Pick<SubmitPorts, 'policy' | 'onForbidden'>;

/** The answer to who may not ask for that; undefined if they may. */
function forbidden(
  { policy, onForbidden }: PolicyPorts,
  { who, spec, args, clauses }: Submission,
): Answer | undefined {
  const decision = decide(policy(), who, { command: spec.name, args, clauses });
  const refusal = refusalOf(decision, spec.name);
  if (refusal !== undefined) onForbidden?.();
  return refusal;
}

/** Has a handler's command run, if who asks may have that. */
export async function submit(
  desk: Desk,
  ports: SubmitPorts,
  submission: Submission,
): Promise<Answer> {
  const refusal = forbidden(ports, submission);
  if (refusal !== undefined) return refusal;
  const { who: _, ...request } = submission;
  return answerTo(await desk.run(request), request, ports.now());
}

/** Makes another job of one that waits, if who asks may have that. */
export async function amend(
  desk: Desk,
  ports: PolicyPorts,
  number: number,
  submission: Submission,
): Promise<Answer> {
  const refusal = forbidden(ports, submission);
  if (refusal !== undefined) return { ...refusal, body: texts.staysAsItWas(refusal.body, number) };
  const { who: _, ...request } = submission;
  const outcome = await desk.amend(number, request);
  switch (outcome.kind) {
    case 'amended': {
      const { id, kind, state } = outcome.entry;
      const changed = texts.amended(number, commandLine(kind, outcome.entry.args));
      return {
        body: outcome.waitsFor === undefined ? changed : texts.waits(changed, outcome.waitsFor),
        job: { id, number, state: 'scheduled' },
        runs: state.type === 'assigned',
      };
    }
    case 'started':
      return no('not-acceptable', texts.tooLateToCorrect(number));
    case 'over':
      return no('not-acceptable', texts.overAndNotCorrected(number));
    case 'impossible':
      return no('not-acceptable', texts.staysAsItWas(texts.impossible(outcome.reason), number));
    case 'unknown':
      return no('item-not-found', texts.noJob(number));
  }
}

function answerTo(outcome: RunAnswer, { spec, requester }: RunRequest, now: number): Answer {
  const { title } = spec;
  const { messageId: submission = '' } = requester;
  switch (outcome.kind) {
    case 'accepted': {
      const { id, number, state } = outcome.entry;
      const scheduled = texts.scheduled(title, number);
      const { waitsFor } = outcome;
      return {
        body: waitsFor === undefined ? scheduled : texts.waits(scheduled, waitsFor),
        job: { id, number, state: 'scheduled' },
        fields: { 'job-id': id, number },
        brought: { kind: 'job', number },
        runs: state.type === 'assigned',
      };
    }
    case 'duplicate': {
      const { job: id, number, ended } = outcome;
      return {
        body: texts.alreadyScheduled(title, number, aboutDuplicate(outcome)),
        job: { id, number, state: 'scheduled' },
        fields: ended === undefined ? { 'job-id': id, number } : jobFields(ended),
        brought: { kind: 'job', number },
      };
    }
    case 'scheduled': {
      const { number, cron, timeZone } = outcome.schedule;
      return {
        body: texts.scheduleMade(title, number, cron, timeZone, outcome.next - now),
        fields: { schedule: number },
        brought: { kind: 'schedule', number },
      };
    }
    case 'conflict':
      return no('conflict', texts.submissionTaken(submission, outcome.taken));
    case 'impossible':
      return no('not-acceptable', texts.impossible(outcome.reason));
    case 'refused':
      return no('resource-constraint', outcome.text);
  }
}

/** What whoever asked once more would like to know of the job that there is. */
function aboutDuplicate({ isOthers, waitsFor, ended }: Duplicate): string[] {
  return [
    ...(isOthers === true ? ['somebody else asked for it'] : []),
    ...(waitsFor === undefined ? [] : [`it waits ${waitsFor}`]),
    ...(ended === undefined ? [] : [`it has ended: ${stateOf(ended)}`]),
  ];
}
