import type { JobMark, JobOutcome, JobResult, Json } from '@heavylift/jobs';
import type { CommandAnswer } from './commands.js';
import { type FailedJob, JobClientError } from './errors.js';

/** How a job ended: what a handle becomes. */
export type Outcome = { readonly value: Json } | { readonly error: JobClientError };

type Named = Pick<FailedJob, 'id' | 'number'>;

/** What the node of results says. */
export function outcomeOf(result: JobResult): Outcome {
  const job = { id: result.job, number: result.number };
  switch (result.status) {
    case 'succeeded':
      return { value: result.value };
    case 'failed':
      return failed(job, result.error);
    case 'cancelled':
    case 'expired':
      return ended(job, result.status);
  }
}

/** What a mark in the bot's message says. */
export function outcomeMarked(marked: JobOutcome, job: Named): Outcome {
  return 'value' in marked ? marked : failed(job, marked.error);
}

/** What the bot's status command says, if it says that the job is over. */
export function outcomeIn({ fields }: CommandAnswer, job: Named): Outcome | undefined {
  // A number given anew, after all was lost: then nobody knows of ours.
  if (fields.get('job-id') !== job.id) return forgotten(job);
  const state = fields.get('state');
  switch (state) {
    case 'succeeded': {
      const text = fields.get('result');
      return text === undefined ? withoutValue(job) : { value: JSON.parse(text) };
    }
    case 'failed':
      return failed(job, { message: fields.get('error') ?? 'nothing more is known' });
    case 'cancelled':
    case 'expired':
      return ended(job, state);
    default:
      return undefined;
  }
}

/** What the bot's message says, where nothing more is to be had. */
export function outcomeTold(state: JobMark['state'], text: string, job: Named): Outcome {
  switch (state) {
    case 'succeeded':
      return withoutValue(job);
    case 'failed':
      return failed(job, { message: text });
    case 'cancelled':
    case 'expired':
      return ended(job, state);
    case 'scheduled':
    case 'progress':
      return forgotten(job);
  }
}

export function forgotten(job: Named): Outcome {
  return because('outcome-unknown', job, 'is over, and nobody knows any more how it ended');
}

function withoutValue(job: Named): Outcome {
  return because('value-unknown', job, 'succeeded, but what it returned can be read no more');
}

function failed(job: Named, error: NonNullable<FailedJob['error']>): Outcome {
  const message = `job #${job.number} failed: ${error.message}`;
  return { error: new JobClientError('failed', message, { job: { ...job, error } }) };
}

function ended(job: Named, how: 'cancelled' | 'expired'): Outcome {
  return because(how, job, how === 'cancelled' ? 'was cancelled' : 'was not done by its deadline');
}

function because(code: JobClientError['code'], job: Named, what: string): Outcome {
  return { error: new JobClientError(code, `job #${job.number} ${what}`, { job }) };
}
