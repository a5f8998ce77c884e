import type { HandlerSpec, Limits } from '@heavylift/jobs';

/** How many jobs may run at once, by what handlers say and by what is configured. */
export function runningLimits(
  specs: ReadonlyMap<string, HandlerSpec>,
  runningOfRequester: number | undefined,
): Limits {
  const runningOfKind: Record<string, number> = {};
  for (const { name, concurrency } of specs.values())
    if (concurrency !== undefined) runningOfKind[name] = concurrency;
  return { runningOfKind, ...(runningOfRequester !== undefined && { runningOfRequester }) };
}
