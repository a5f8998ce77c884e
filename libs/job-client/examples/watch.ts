import type { JobHandle, Jobs } from '@heavylift/job-client';

/** The same order is the same job, whoever sends it again: this process after a break, or the next one after a crash. */
export function placeOrder(jobs: Jobs, order: string): JobHandle {
  return jobs.submit('lift', { count: 100 }, { submission: order, priority: 10 });
}

/** Tells how far a job is, and ends it when it has heard enough. */
export async function watch(job: JobHandle, tell: (text: string) => boolean): Promise<void> {
  const { number, text } = await job.accepted;
  tell(`#${number}: ${text}`);
  for await (const progress of job.progress) {
    if (tell(progress)) continue;
    await job.cancel();
    return;
  }
}
