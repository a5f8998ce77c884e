import { afterEach, describe, expect, it, vi } from 'vitest';
import { newTraceparent, noTracing } from '../src/index.js';
import { createOtlpTracing } from '../src/tracing/otlp.js';
import { childTraceparent, readTraceparent } from '../src/tracing/traceparent.js';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a traceparent (W3C Trace Context)', () => {
  it('is read, if it is one', () => {
    expect(readTraceparent(parent)).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
    });
    expect(readTraceparent('00-nonsense')).toBeUndefined();
  });

  it('has children of the same trace and with the same flags, each a span of its own', () => {
    const unrecorded = parent.replace(/01$/, '00');
    for (const from of [parent, unrecorded, newTraceparent()]) {
      const [first, second] = [childTraceparent(from), childTraceparent(from)];
      expect(first).not.toBe(second);
      const { spanId: _, ...shared } = readTraceparent(from) ?? {};
      expect(readTraceparent(first)).toMatchObject(shared);
    }
  });
});

describe('without a collector', () => {
  it('nothing is described, and the request is what others stand under', () => {
    const describing = vi.fn();
    noTracing.record(describing);
    expect(describing).not.toHaveBeenCalled();
    expect(noTracing.childOf(parent)).toBe(parent);
  });
});

describe('with a collector that nobody reaches', () => {
  const dropped: number[] = [];
  // The discard port: nobody listens there.
  const { tracing, exporting } = createOtlpTracing({
    endpoint: 'http://127.0.0.1:9',
    headers: {},
    serviceName: 'test',
    onExported: () => undefined,
    onDropped: (spans) => dropped.push(spans),
  });
  const record = (of: string | undefined) =>
    tracing.record(() => ({ name: 'run', parent: of, began: 1, ended: 2, attributes: {} }));
  afterEach(() => exporting.stop());

  it('what nobody wants recorded is left out, the rest is dropped at the stop, and said to be', async () => {
    record(parent);
    record(parent);
    record(parent.replace(/01$/, '00'));
    record('nonsense');
    record(undefined);
    await exporting.stop();
    await vi.waitFor(() => expect(dropped).toEqual([2]), { timeout: 10_000 });
  });
});
