import fc from 'fast-check';
import type {
  Failure,
  HandlerField,
  HandlerSpec,
  JobEntry,
  JobError,
  JobEvent,
  JobResult,
  Json,
  JsonObject,
  LifterAnnouncement,
  NewJob,
  Order,
  OrderAnswer,
  Requester,
  Schedule,
  Target,
} from '../../src/index.js';

const { constant, string, integer, oneof } = fc;

function record<T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(shape, { noNullPrototype: true });
}

/** Any string of UTF-16 units: lone surrogates, control characters, all of it. */
export const anyText = oneof(
  string({ unit: 'binary' }),
  string({ unit: 'grapheme' }),
  fc.constantFrom('\u0000', '\uFFFE\uFFFF', '\uD800', ']]>&<>"\'', '\r\n\t', '__proto__'),
);
export const jobId = fc.uuid({ version: 7 });
export const instant = integer({ min: 0, max: 4_102_444_800_000 });
export const handlerName = fc.stringMatching(/^[a-z][a-z0-9._-]{0,10}$/);
export const fullJid = fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.org\/[a-z]{1,8}\.[a-z0-9]{6}$/);
const positive = integer({ min: 1, max: 1_000_000 });
const count = integer({ min: 0, max: 1_000 });

export const jsonValue: fc.Arbitrary<Json> = fc
  .json({ stringUnit: 'binary', maxDepth: 3 })
  .map((text): Json => JSON.parse(text));
export const jsonObject: fc.Arbitrary<JsonObject> = fc.dictionary(anyText, jsonValue, {
  maxKeys: 4,
  noNullPrototype: true,
});

/** Optional properties, there or not there. */
function optional<T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(shape, { requiredKeys: [], noNullPrototype: true });
}

export const jobError: fc.Arbitrary<JobError> = fc
  .tuple(
    record({ class: anyText, message: anyText }),
    optional({
      final: fc.boolean(),
      code: anyText,
      stack: anyText,
      causes: fc.array(record({ class: anyText, message: anyText })),
    }),
  )
  .map(([base, more]) => ({ ...base, ...more }));

export const failure: fc.Arbitrary<Failure> = record({
  attempt: positive,
  reason: fc.constantFrom('failed', 'timeout', 'stalled'),
  lifter: fullJid,
  at: instant,
  error: jobError,
});

export const requester: fc.Arbitrary<Requester> = fc
  .tuple(
    record({
      jid: fullJid,
      messageType: fc.constantFrom('chat', 'groupchat', 'normal', 'command'),
    }),
    optional({
      messageId: anyText,
      originId: anyText,
      thread: anyText,
      lang: anyText,
      gathers: fc.boolean(),
    }),
  )
  .map(([base, more]) => ({ ...base, ...more }));

export const target: fc.Arbitrary<Target> = oneof(
  constant<Target>({ type: 'any' }),
  constant<Target>({ type: 'all' }),
  record({ type: constant('lifter'), name: handlerName }),
  record({ type: constant('child'), parent: jobId, name: handlerName }),
);

export const newJob: fc.Arbitrary<NewJob> = fc
  .tuple(
    record({
      id: jobId,
      kind: handlerName,
      args: jsonObject,
      requester,
      submitted: instant,
      timeoutMs: positive,
      priority: integer({ min: -9, max: 9 }),
      attempt: positive,
      maxAttempts: positive,
      stalls: count,
      target,
      failures: fc.array(failure, { maxLength: 3 }),
      state: oneof(
        constant({ type: 'pending' } as const),
        record({ type: constant('assigned'), lifter: fullJid, since: instant }),
      ),
    }),
    optional({
      notBefore: instant,
      deadline: instant,
      asOf: instant,
      uniqueKey: anyText,
      traceparent: anyText,
      cancelRequested: record({ at: instant, by: fullJid }),
    }),
  )
  .map(([base, more]) => ({ ...base, ...more }));

export const jobEntry: fc.Arbitrary<JobEntry> = fc
  .tuple(newJob, record({ number: positive, revision: positive }))
  .map(([job, more]) => ({ ...job, ...more }));

export const schedule: fc.Arbitrary<Schedule> = fc
  .tuple(
    record({
      number: positive,
      kind: handlerName,
      args: jsonObject,
      requester,
      cron: string({ minLength: 1 }),
      timeZone: handlerName,
      created: instant,
      priority: integer({ min: -9, max: 9 }),
      target,
    }),
    optional({
      last: instant,
      clockSet: instant,
      epoch: positive,
      message: handlerName,
      withinMs: positive,
    }),
  )
  .map(([base, more]) => ({ ...base, ...more }));

export const jobResult: fc.Arbitrary<JobResult> = fc
  .tuple(
    record({
      job: jobId,
      number: positive,
      kind: handlerName,
      attempt: positive,
      submitted: instant,
      finished: instant,
      failures: fc.array(failure, { maxLength: 3 }),
    }),
    optional({ lifter: fullJid, started: instant, requester: fullJid, order: count }),
    oneof(
      record({ status: constant('succeeded'), value: jsonValue }),
      record({ status: constant('failed'), error: jobError }),
      record({ status: fc.constantFrom('cancelled', 'expired') }),
      record({ status: fc.constantFrom('cancelled', 'expired'), error: jobError }),
    ),
  )
  .map(([base, more, outcome]) => ({ ...base, ...more, ...outcome }));

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

export const jobEvent: fc.Arbitrary<JobEvent> = oneof(
  fc
    .tuple(
      record({
        type: constant('progress'),
        job: jobId,
        attempt: positive,
        at: instant,
        done: finite,
      }),
      optional({ total: finite, note: anyText }),
    )
    .map(([base, more]) => ({ ...base, ...more })),
  fc
    .tuple(
      record({
        type: constant('attempt'),
        job: jobId,
        attempt: positive,
        lifter: fullJid,
        at: instant,
      }),
      oneof(
        record({
          outcome: constant('failed'),
          reason: fc.constantFrom('failed', 'timeout'),
          error: jobError,
        }),
        record({ outcome: constant('released') }),
        record({ outcome: constant('released'), revision: positive, note: anyText }),
      ),
    )
    .map(([base, outcome]) => ({ ...base, ...outcome })),
  record({ type: constant('told'), job: jobId, at: instant }),
);

export const lifterAnnouncement: fc.Arbitrary<LifterAnnouncement> = record({
  version: fullJid,
  slots: count,
  busy: count,
  draining: fc.boolean(),
  handlers: fc.array(handlerName),
  running: fc.array(record({ id: jobId, attempt: positive })),
});

/** What XML text can say. A carriage return is left out: XML parsers make a line feed of it. */
export const xmlText = string({ unit: 'grapheme' }).map((text) => text.replaceAll('\r', ''));
/** What an XML attribute can say and keep. */
const label = string({ unit: 'grapheme', minLength: 1 });

const fieldBase = fc
  .tuple(
    record({ name: handlerName, required: fc.boolean() }),
    optional({ label, description: xmlText }),
  )
  .map(([base, more]) => ({ ...base, ...more }));

const range = optional({ min: finite, max: finite });
const choiceOption = fc
  .tuple(record({ value: xmlText }), optional({ label }))
  .map(([base, more]) => ({ ...base, ...more }));

const handlerField: fc.Arbitrary<HandlerField> = oneof(
  fc
    .tuple(fieldBase, optional({ default: xmlText }))
    .map(([base, more]): HandlerField => ({ ...base, type: 'text', ...more })),
  fc
    .tuple(fieldBase, optional({ default: fc.maxSafeInteger(), range }))
    .map(([base, more]): HandlerField => ({ ...base, type: 'integer', ...more })),
  fc
    .tuple(fieldBase, optional({ default: finite, range }))
    .map(([base, more]): HandlerField => ({ ...base, type: 'number', ...more })),
  fc
    .tuple(fieldBase, optional({ default: fc.boolean() }))
    .map(([base, more]): HandlerField => ({ ...base, type: 'boolean', ...more })),
  fc
    .tuple(fieldBase, fc.array(choiceOption), optional({ default: xmlText }))
    .map(([base, options, more]): HandlerField => ({ ...base, type: 'choice', options, ...more })),
);

export const handlerSpec: fc.Arbitrary<HandlerSpec> = record({
  name: handlerName,
  title: label,
  summary: xmlText,
  fields: fc.uniqueArray(handlerField, { maxLength: 4, selector: ({ name }) => name }),
  timeoutMs: positive,
  maxAttempts: positive,
  texts: fc.dictionary(handlerName, xmlText, { maxKeys: 3, noNullPrototype: true }),
}).chain((spec) =>
  optional({
    uniqueBy: fc.subarray(spec.fields.map(({ name }) => name)),
    concurrency: positive,
  }).map((more) => ({ ...spec, ...more })),
);

export const order: fc.Arbitrary<Order> = record({
  command: handlerName,
  submission: fc.uuid(),
  fields: fc.dictionary(handlerName, anyText, { maxKeys: 4, noNullPrototype: true }),
});

export const orderAnswer: fc.Arbitrary<OrderAnswer> = oneof(
  record({
    submission: fc.uuid(),
    text: xmlText,
    job: record({ id: jobId, number: integer({ min: 1 }) }),
  }),
  record({
    submission: fc.uuid(),
    text: xmlText,
    refusal: record({ type: label, condition: label }),
  }),
);
