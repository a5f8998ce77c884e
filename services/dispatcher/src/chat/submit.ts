import type { HandlerSpec, JsonObject, Requester } from '@heavylift/jobs';
import type { Desk, RunAnswer } from '../desk.js';
import { decide, type Policy } from '../policy/policy.js';
import { type Answer, no, refusalOf } from './answer.js';
import type { Clauses } from './clauses.js';
import { texts } from './texts.js';

export interface Submission {
  /** Bare JID of who asks. */
  readonly who: string;
  readonly spec: HandlerSpec;
  readonly args: JsonObject;
  readonly clauses: Clauses;
  readonly requester: Requester;
}

/** Has a handler's command run, if who asks may have that. */
export async function submit(
  desk: Desk,
  policy: Policy,
  now: () => number,
  { who, spec, args, clauses, requester }: Submission,
): Promise<Answer> {
  const refusal = refusalOf(decide(policy, who, { command: spec.name, args }), spec.name);
  if (refusal !== undefined) return refusal;
  return answerTo(await desk.run({ spec, args, clauses, requester }), spec.title, now());
}

function answerTo(outcome: RunAnswer, title: string, now: number): Answer {
  switch (outcome.kind) {
    case 'accepted': {
      const { id, number, state } = outcome.entry;
      const scheduled = texts.scheduled(title, number);
      const { waitsFor } = outcome;
      return {
        body: waitsFor === undefined ? scheduled : texts.waits(scheduled, waitsFor),
        job: { id, number, state: 'scheduled' },
        fields: { 'job-id': id, number },
        runs: state.type === 'assigned',
      };
    }
    case 'duplicate': {
      const { job: id, number } = outcome;
      return {
        body: texts.alreadyScheduled(title, number),
        job: { id, number, state: 'scheduled' },
        fields: { 'job-id': id, number },
      };
    }
    case 'scheduled': {
      const { number, cron, timeZone } = outcome.schedule;
      return {
        body: texts.scheduleMade(title, number, cron, timeZone, outcome.next - now),
        fields: { schedule: number },
      };
    }
    case 'impossible':
      return no('not-acceptable', texts.impossible(outcome.reason));
    case 'refused':
      return no('resource-constraint', outcome.text);
  }
}
