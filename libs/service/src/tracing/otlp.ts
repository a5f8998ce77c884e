/** Export of spans by OpenTelemetry's SDK. Loaded only if it is wanted: it costs memory. */
import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Lifecycle } from '../lifecycle.js';
import { within } from '../within.js';
import type { Span, Tracing } from './port.js';
import { childTraceparent, readTraceparent } from './traceparent.js';

export interface OtlpOptions {
  /** Without `/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** So many spans reached the collector. */
  readonly onExported: (spans: number) => void;
  /** So many spans did not, and are forgotten. */
  readonly onDropped: (spans: number, error: Error) => void;
}

/** A collector that does not answer is waited for so long, in milliseconds. */
const timeoutMs = 5_000;
/** The same, for the last spans at the end. */
const lastMs = 2_000;

/** @returns where to record, and the part that sends the last of it when it stops */
export function createOtlpTracing(options: OtlpOptions): {
  readonly tracing: Tracing;
  readonly exporting: Lifecycle;
} {
  const { endpoint, headers, serviceName } = options;
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
  });
  // It keeps at most 2,048 spans that wait, and drops what comes beyond.
  const processor = new BatchSpanProcessor({ exporter: watched(exporter, options) });
  const resource = resourceFromAttributes({ 'service.name': serviceName });

  return {
    tracing: {
      childOf: childTraceparent,
      record(describe) {
        const span = describe();
        const { self, parent = self } = span;
        const own = self ?? (parent === undefined ? undefined : childTraceparent(parent));
        const context = own === undefined ? undefined : readTraceparent(own);
        // The processor passes over what nobody asked to be recorded.
        if (context !== undefined) processor.onEnd(readable(span, context, resource));
      },
    },
    exporting: {
      name: 'traces',
      start: async () => undefined,
      // What goes wrong is told by `onDropped`.
      stop: () =>
        within(
          lastMs,
          processor.shutdown().catch(() => undefined),
        ),
    },
  };
}

/** Tells how exports fare: the processor would keep that to itself. */
function watched(exporter: SpanExporter, { onExported, onDropped }: OtlpOptions): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code === 0) onExported(spans.length);
        else onDropped(spans.length, result.error ?? new Error('the collector refused the spans'));
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

type Resource = ReadableSpan['resource'];
type SpanContext = ReturnType<ReadableSpan['spanContext']>;

function readable(span: Span, context: SpanContext, resource: Resource): ReadableSpan {
  const { name, self, parent, began, ended, attributes, error } = span;
  const above = parent === undefined || parent === self ? undefined : readTraceparent(parent);
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => context,
    ...(above === undefined ? {} : { parentSpanContext: above }),
    startTime: hrTime(began),
    endTime: hrTime(ended),
    duration: hrTime(Math.max(0, ended - began)),
    status:
      error === undefined
        ? { code: SpanStatusCode.OK }
        : { code: SpanStatusCode.ERROR, message: error },
    attributes: { ...attributes },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'heavylift' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.trunc(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
