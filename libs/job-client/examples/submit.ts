import { connectJobs, isJobClientError } from '@heavylift/job-client';
import type { SessionOptions } from '@heavylift/xmpp-pubsub';

/** Has something done, and says what came of it. */
export async function liftSomething(account: SessionOptions, bot: string): Promise<string> {
  const jobs = await connectJobs({ session: account, bot });
  try {
    const value = await jobs.submit('lift', { count: 3 });
    return `done: ${JSON.stringify(value)}`;
  } catch (error) {
    if (isJobClientError(error, 'failed')) return `failed: ${error.job?.error?.message}`;
    throw error;
  } finally {
    await jobs.close();
  }
}
