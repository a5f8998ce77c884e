import { isJobClientError, type JobHandle, type Jobs } from '@heavylift/job-client';
import { decodeJobMarks } from '@heavylift/jobs';
import { now } from '@heavylift/testbed';
import type { Recorder } from './history.js';

/** A job that a program asks for. */
export interface Order {
  /** Names the request, and is an argument of the job too. */
  readonly request: string;
  readonly ms: number;
  readonly fail: number;
}

/** Orders jobs as programs do: many at a time, and each until it is known how it ended. */
export function orderJobs(jobs: Jobs, recorder: Recorder, orders: readonly Order[]): void {
  for (const { request, ms, fail } of orders) {
    const text = `work ms=${ms} fail=${fail} request=${request}`;
    recorder.note({ type: 'asked', at: now(), request, text, persists: true });
    const handle = jobs.submit('work', { ms, fail, request }, { submission: request });
    noteAnswer(handle, request, recorder);
    noteOutcome(handle, request, recorder);
  }
}

function noteAnswer({ accepted }: JobHandle, request: string, { note }: Recorder): void {
  accepted.then(
    ({ id: job, text }) => note({ type: 'answered', at: now(), request, job, text }),
    (error: unknown) => {
      if (isJobClientError(error, 'refused'))
        note({ type: 'answered', at: now(), request, text: error.message });
    },
  );
}

/** Notes what messages say, however often: they have no ids to know them by, each being on whatever jobs have just ended. */
export function noteMessages({ session }: Jobs, { note }: Recorder): void {
  session.on('stanza', (stanza) => {
    if (!stanza.is('message')) return;
    for (const { id: job, state } of decodeJobMarks(stanza)) {
      if (state !== 'scheduled' && state !== 'progress') note({ type: 'heard', at: now(), job });
    }
  });
}

/** Whoever has no way any more to learn how its job ended has not been told. */
function noteOutcome(handle: JobHandle, request: string, { note }: Recorder): void {
  const told = (state: string): void => {
    if (handle.id !== undefined) note({ type: 'told', at: now(), job: handle.id, state, request });
  };
  handle.then(
    () => told('succeeded'),
    (error: unknown) => {
      if (isJobClientError(error, 'failed', 'cancelled', 'expired')) told(error.code);
    },
  );
}
