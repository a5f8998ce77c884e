import type { Observation } from './history.js';

/** What a handler noted of an execution, or nothing if the line is not whole. */
export function parseExecution(line: string): Observation | undefined {
  const noted = parsed(line);
  if (typeof noted !== 'object' || noted === null) return undefined;
  const { type, at, run, job, attempt, request, key, pid, parent, how }: Record<string, unknown> = {
    ...noted,
  };
  if (typeof at !== 'number' || typeof run !== 'string') return undefined;
  if (type === 'ended' && typeof how === 'string') return { type, at, run, how };
  if (type !== 'started' || typeof job !== 'string' || typeof attempt !== 'number')
    return undefined;
  if (typeof request !== 'string' || typeof pid !== 'number' || typeof parent !== 'number')
    return undefined;
  const unique = typeof key === 'number' ? { key } : {};
  return { type, at, run, job, attempt, request, ...unique, pid, parent };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // a process was killed at it
  }
}
