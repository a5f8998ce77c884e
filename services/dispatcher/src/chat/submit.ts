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

/** Has a handler's command run, if who asks may have that. */
export async function submit(
  desk: Desk,
  { policy, now, onForbidden }: SubmitPorts,
  { who, ...request }: Submission,
): Promise<Answer> {
  const { spec, args, clauses } = request;
  const refusal = refusalOf(
    decide(policy(), who, { command: spec.name, args, clauses }),
    spec.name,
  );
  if (refusal !== undefined) {
    onForbidden?.();
    return refusal;
  }
  return answerTo(await desk.run(request), request, now());
}

/** Makes another job of one that waits, if who asks may have that. */
export async function amend(
  desk: Desk,
  { policy, onForbidden }: Pick<SubmitPorts, 'policy' | 'onForbidden'>,
  number: number,
  { who, ...request }: Submission,
): Promise<Answer> {
  const { spec, args, clauses } = request;
  const refusal = refusalOf(
    decide(policy(), who, { command: spec.name, args, clauses }),
    spec.name,
  );
  if (refusal !== undefined) {
    onForbidden?.();
    return { ...refusal, body: texts.staysAsItWas(refusal.body, number) };
  }
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
