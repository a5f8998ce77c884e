import type { HandlerSpec, JobResult, Json, Progress } from '@heavylift/jobs';

/** A value longer than this is cut; the whole of it stands in the results node. */
const longestValue = 1_000;

/** What the requester reads when the job has ended. `#7` is how people name a job. */
export function outcomeText(result: JobResult, spec: HandlerSpec | undefined): string {
  const title = spec?.title ?? result.kind;
  switch (result.status) {
    case 'succeeded': {
      const done = spec?.texts['done'];
      return done === undefined
        ? `Done: ${title} #${result.number}${valueText(result.value)}`
        : `${done} #${result.number}`;
    }
    case 'failed':
      return `Failed: ${title} #${result.number}${attemptsText(result)}: ${oneLine(result.error.message)}`;
    case 'cancelled':
      return `Cancelled: ${title} #${result.number}`;
    case 'expired':
      return `Too late: ${title} #${result.number} was not done by its deadline`;
  }
}

export function progressText(number: number, progress: Progress, title: string): string {
  const { done, total, note } = progress;
  const part = total === undefined ? `${done}` : `${done} of ${total}`;
  return `#${number} ${title}: ${part}${note === undefined ? '' : `, ${note}`}`;
}

/** What is told of an error is one line, its causes included. */
function oneLine(text: string): string {
  return text.trim().replace(/\s+/gu, ' ');
}

function attemptsText({ failures }: JobResult): string {
  return failures.length === 0 ? '' : ` after ${failures.length + 1} attempts`;
}

function valueText(value: Json): string {
  if (value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `: ${text.length <= longestValue ? text : `${text.slice(0, longestValue)}…`}`;
}
