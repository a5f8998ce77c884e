/** W3C Trace Context: https://www.w3.org/TR/trace-context/#traceparent-header */
import { randomBytes } from '../random.js';

const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Begins a trace, and asks that it be recorded. */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${newSpanId()}-01`;
}

/** What others send may be anything; a trace that can't be read is to be begun anew. */
export function isTraceparent(text: string): boolean {
  return pattern.test(text);
}

/** @returns 32 hex digits; nothing if the text is no traceparent */
export function traceIdOf(traceparent: string): string | undefined {
  return pattern.exec(traceparent)?.[1];
}

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 1: whoever began the trace wants it recorded. */
  readonly traceFlags: number;
}

/** @returns nothing if the text is no traceparent */
export function readTraceparent(text: string): TraceContext | undefined {
  const [, traceId, spanId, flags] = pattern.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

/** The same trace, a span of its own in it. */
export function childTraceparent(parent: string): string {
  const context = readTraceparent(parent);
  if (context === undefined) return parent;
  const flags = context.traceFlags.toString(16).padStart(2, '0');
  return `00-${context.traceId}-${newSpanId()}-${flags}`;
}

const newSpanId = (): string => randomBytes(8).toString('hex');
