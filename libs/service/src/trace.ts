/** W3C Trace Context: https://www.w3.org/TR/trace-context/#traceparent-header */
import { randomBytes } from 'node:crypto';

const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Begins a trace, and asks that it be recorded. */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}

/** What others send may be anything; a trace that can't be read is to be begun anew. */
export function isTraceparent(text: string): boolean {
  return pattern.test(text);
}

/** @returns 32 hex digits; nothing if the text is no traceparent */
export function traceIdOf(traceparent: string): string | undefined {
  return pattern.exec(traceparent)?.[1];
}
