import { inspect } from 'node:util';
import type { LogDetails } from '../handlers/context.js';

/** Details as they can travel between processes: whatever a handler logs, logging it does not fail. */
export function plainDetails(details: LogDetails): LogDetails {
  try {
    return JSON.parse(JSON.stringify(details, plain));
  } catch {
    // It refers back to itself, or throws when it is read.
    return { inspected: inspect(details, { depth: 2, maxStringLength: 1_000 }) };
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error)
    return { type: value.name, message: value.message, stack: value.stack };
  return value;
}
