import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admit,
  attemptsUsed,
  createAgenda,
  createOpenJobs,
  createTally,
  DEADLINE,
  durationText,
  endDecision,
  isDelayed,
  isGivenOnAfterStall,
  jobErrorOf,
  limitReached,
  MAX_ERROR_MESSAGE,
  makeJobId,
  messageIds,
  messageKey,
  RESERVED_PER_JOB_BYTES,
  requesterKey,
  retryDecision,
  uniqueKeyOf,
  waitingText,
  whyWaiting,
} from '../../src/index.js';
import { idOf, someEntry } from '../helpers/jobs.js';

describe('admission', () => {
  const limits = { total: 100, ofRequester: 10 };
  const MiB = 1_048_576;
  /** Jobs of some bytes each. */
  const light = { bytes: 0, bytesOfRequester: 0, asked: 600 };

  it('takes jobs in below both bounds', () => {
    expect(
      admit({ ...light, open: 99, openOfRequester: 9, limits, endedPerSecond: 1 }),
    ).toStrictEqual({
      admitted: true,
    });
  });

  it('says why not, and when to try again', () => {
    expect(
      admit({ ...light, open: 119, openOfRequester: 0, limits, endedPerSecond: 1 }),
    ).toStrictEqual({
      admitted: false,
      reason: 'backlog-full',
      limit: 100,
      retryAfterMs: 20_000,
      text: 'There are 119 open jobs already, and no more than 100 are taken. Try again in 20 s.',
    });
    expect(
      admit({ ...light, open: 40, openOfRequester: 10, limits, endedPerSecond: 0 }),
    ).toMatchObject({
      reason: 'requester-backlog-full',
      text: 'You have 10 open jobs, and 10 are allowed. Try again in 60 s.',
    });
  });

  it('reckons that of what ends, a requester has their share', () => {
    expect(
      admit({ ...light, open: 50, openOfRequester: 10, limits, endedPerSecond: 0.5 }),
    ).toMatchObject({
      retryAfterMs: 10_000,
    });
  });

  it('bounds bytes, too, in all and of each, and says which limit it is', () => {
    const some = { open: 9, openOfRequester: 3, endedPerSecond: 0, limits };
    const sizes = { bytes: 20 * MiB, bytesOfRequester: 3 * MiB, asked: 20_000 };
    expect(admit({ ...some, ...sizes })).toStrictEqual({ admitted: true });
    expect(admit({ ...some, ...sizes, bytesOfRequester: 4 * MiB })).toMatchObject({
      reason: 'requester-bytes-full',
      limit: 4 * MiB,
      text: 'Your 3 open jobs take 4,098 KiB, this one would take 21 KiB, and 4,096 KiB are allowed. Try again in 60 s.',
    });
    expect(admit({ ...some, ...sizes, bytes: 24 * MiB - 20_000 })).toMatchObject({
      reason: 'bytes-full',
      limit: 24 * MiB,
      text: 'The 9 open jobs of all take 24,561 KiB, this one would take 21 KiB, and no more than 24,576 KiB are taken. Try again in 60 s.',
    });
  });

  it('lets in no more than fits the node, with what jobs grow by', () => {
    // Each of a thousand sheets of 96 KiB may be half empty.
    const capacity = (1_000 * 96 * 1_024) / 2;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 500, max: 24_576 }), { maxLength: 3_000 }), (jobs) => {
        let bytes = 0;
        let open = 0;
        for (const asked of jobs) {
          const context = { open, openOfRequester: 0, bytes, bytesOfRequester: 0, asked };
          if (!admit({ ...context, endedPerSecond: 0 }).admitted) continue;
          open += 1;
          bytes += asked;
        }
        expect(bytes + open * RESERVED_PER_JOB_BYTES).toBeLessThan(capacity);
      }),
    );
  });

  it('never names a time that is no time', () => {
    const rate = fc.double({ min: 0, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), fc.nat(), rate, (open, ofRequester, endedPerSecond) => {
        const admission = admit({
          ...light,
          open,
          openOfRequester: ofRequester,
          limits,
          endedPerSecond,
        });
        if (admission.admitted) return;
        expect(admission.retryAfterMs).toBeGreaterThanOrEqual(5_000);
        expect(admission.retryAfterMs).toBeLessThanOrEqual(600_000);
      }),
    );
  });
});

describe('retries', () => {
  const attempt = (attempt: number, stalls = 0) => ({ attempt, stalls, maxAttempts: 3 });

  it('waits twice as long each time, half of it by chance', () => {
    expect(retryDecision(attempt(1), {}, 0)).toStrictEqual({ retry: true, delayMs: 500 });
    expect(retryDecision(attempt(2), {}, 0)).toStrictEqual({ retry: true, delayMs: 1_000 });
    expect(retryDecision(attempt(2), {}, 0.5)).toStrictEqual({ retry: true, delayMs: 1_500 });
  });

  it('ends when the attempts are used up', () => {
    expect(retryDecision(attempt(3), {}, 0)).toStrictEqual({
      retry: false,
      because: 'attempts-used',
    });
  });

  it('does not count stalls as attempts', () => {
    expect(attemptsUsed(attempt(5, 3))).toBe(2);
    expect(retryDecision(attempt(5, 3), {}, 0)).toStrictEqual({ retry: true, delayMs: 1_000 });
    expect(retryDecision(attempt(6, 3), {}, 0).retry).toBe(false);
  });

  it('ends at once when the handler says so', () => {
    expect(retryDecision(attempt(1), { final: true }, 0)).toStrictEqual({
      retry: false,
      because: 'final',
    });
  });

  it('stays within the bounds of the backoff', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), chance, (attempt, random) => {
        const entry = { attempt, stalls: 0, maxAttempts: 10_000 };
        const decision = retryDecision(entry, {}, random, { initialMs: 100, maxMs: 60_000 });
        expect(decision).toMatchObject({ retry: true });
        if (!decision.retry) return;
        expect(decision.delayMs).toBeGreaterThanOrEqual(50);
        expect(decision.delayMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });

  it('gives a job that stalled to another, a bounded number of times', () => {
    expect(isGivenOnAfterStall({ stalls: 4 })).toBe(true);
    expect(isGivenOnAfterStall({ stalls: 5 })).toBe(false);
    expect(isGivenOnAfterStall({ stalls: 0 }, 0)).toBe(false);
  });

  it('keeps what was thrown, cut to size', () => {
    expect(jobErrorOf(new RangeError('too heavy'), true)).toStrictEqual({
      class: 'RangeError',
      message: 'too heavy',
      final: true,
    });
    expect(jobErrorOf('no')).toStrictEqual({ class: 'string', message: 'no' });
    expect(jobErrorOf(new Error('x'.repeat(5_000))).message).toHaveLength(MAX_ERROR_MESSAGE);
  });
});

describe('the agenda', () => {
  it('gives each job once its time has come, earliest first', () => {
    const times = fc.array(fc.tuple(fc.nat(20), fc.nat(100)));
    fc.assert(
      fc.property(times, fc.nat(100), (appointments, now) => {
        const agenda = createAgenda();
        const model = new Map<string, number>();
        for (const [job, at] of appointments) {
          agenda.set(idOf(job), at);
          model.set(idOf(job), at);
        }
        expect(agenda.next ?? Number.POSITIVE_INFINITY).toBe(Math.min(...model.values()));
        const due = agenda.due(now);
        const expected = [...model].filter(([, at]) => at <= now);
        expect(new Set(due)).toStrictEqual(new Set(expected.map(([id]) => id)));
        const order = due.map((id) => model.get(id) ?? 0);
        expect(order).toStrictEqual([...order].sort((a, b) => a - b));
        expect(agenda.due(now)).toStrictEqual([]);
        expect(agenda.size).toBe(model.size - due.length);
      }),
    );
  });

  it('forgets what is taken out', () => {
    const agenda = createAgenda();
    agenda.set(idOf(1), 5);
    agenda.delete(idOf(1));
    expect(agenda.due(10)).toStrictEqual([]);
  });
});

describe('deadline and cancellation', () => {
  const running = { type: 'assigned', lifter: 'lifter@x/1', since: 0 } as const;
  const cancelled = { at: 100, by: 'alice@x' };

  it('lets a job be that has neither', () => {
    expect(endDecision(someEntry(1), 1e15, 10)).toStrictEqual({ do: 'nothing' });
  });

  it('ends a waiting job at its deadline', () => {
    const job = someEntry(1, { deadline: 100 });
    expect(endDecision(job, 99, 10)).toStrictEqual({ do: 'nothing', until: 100 });
    expect(endDecision(job, 100, 10)).toStrictEqual({ do: 'end', status: 'expired' });
  });

  it('asks a running job to stop at its deadline, and ends it if it does not', () => {
    const job = someEntry(1, { deadline: 100, state: running });
    expect(endDecision(job, 100, 10)).toStrictEqual({ do: 'request-cancel', by: DEADLINE });
    const asked = { ...job, cancelRequested: { at: 100, by: DEADLINE } };
    expect(endDecision(asked, 109, 10)).toStrictEqual({ do: 'nothing', until: 110 });
    expect(endDecision(asked, 110, 10)).toStrictEqual({ do: 'end', status: 'expired' });
  });

  it('ends a cancelled job at once if it waits, else after the grace time', () => {
    const waiting = someEntry(1, { cancelRequested: cancelled });
    expect(endDecision(waiting, 100, 10)).toStrictEqual({ do: 'end', status: 'cancelled' });
    const job = someEntry(1, { cancelRequested: cancelled, state: running });
    expect(endDecision(job, 100, 10)).toStrictEqual({ do: 'nothing', until: 110 });
    expect(endDecision(job, 110, 10)).toStrictEqual({ do: 'end', status: 'cancelled' });
  });

  it('knows a delayed job', () => {
    expect(isDelayed(someEntry(1), 0)).toBe(false);
    expect(isDelayed(someEntry(1, { notBefore: 10 }), 9)).toBe(true);
    expect(isDelayed(someEntry(1, { notBefore: 10 }), 10)).toBe(false);
  });
});

describe('finding open jobs', () => {
  const minute = 60_000;
  const asked = { jid: 'alice@x/phone', messageType: 'chat', messageId: 'm1' } as const;

  const idOf = (message: number, content: number, at = 0) =>
    makeJobId(at, new Uint8Array([...Array(6).fill(message), ...Array(4).fill(content)]));
  const first = { id: idOf(1, 1), requester: asked, submitted: 0 };

  it('a message delivered twice is one job: while it is open, and ten minutes from its submission', () => {
    const open = createOpenJobs();
    const job = someEntry(1, first);
    open.opened(job);
    const again = idOf(1, 1, 60 * minute);
    expect(open.ofRequest(again, 60 * minute)?.id).toBe(job.id);
    open.closed(job, minute);
    expect(open.ofRequest(again, 10 * minute - 1)?.id).toBe(job.id);
    expect(open.ofMessage(again, 10 * minute - 1)?.id).toBe(job.id);
    expect(open.ofRequest(again, 10 * minute)).toBeUndefined();
    expect(open.ofMessage(again, 10 * minute)).toBeUndefined();
  });

  it('a job that closes after the window is forgotten at once', () => {
    const open = createOpenJobs();
    const job = someEntry(1, first);
    open.opened(job);
    open.closed(job, 20 * minute);
    expect(open.ofRequest(job.id, 20 * minute)).toBeUndefined();
  });

  it('the same message that asks for something else is another request, and both are known', () => {
    const open = createOpenJobs();
    const [one, other] = [someEntry(1, first), someEntry(2, { ...first, id: idOf(1, 2) })];
    open.opened(one);
    expect(open.ofRequest(other.id, 0)).toBeUndefined();
    expect(open.ofMessage(other.id, 0)?.id).toBe(one.id);
    open.opened(other);
    expect(open.ofRequest(one.id, 0)?.id).toBe(one.id);
    expect(open.ofRequest(other.id, 0)?.id).toBe(other.id);
    expect(open.ofMessage(one.id, 0)?.id).toBe(other.id);
  });

  it('is not fooled by other messages, or by requests that came without an id', () => {
    const open = createOpenJobs();
    open.opened(someEntry(1, first));
    expect(open.ofRequest(idOf(2, 1), 0)).toBeUndefined();
    expect(open.ofMessage(idOf(2, 1), 0)).toBeUndefined();
    const nameless = someEntry(2, { ...first, id: idOf(3, 1), requester: { ...asked } });
    open.opened({ ...nameless, requester: { jid: asked.jid, messageType: 'chat' } });
    expect(open.ofRequest(nameless.id, 0)).toBeUndefined();
  });

  it('a message goes by its sender, and by the origin-id where there is one', () => {
    const key = messageKey(asked);
    expect(messageKey({ ...asked, jid: 'alice@x/laptop' })).toBe(key);
    expect(messageKey({ ...asked, jid: 'eve@x/phone' })).not.toBe(key);
    expect(messageKey({ ...asked, messageId: 'm2' })).not.toBe(key);
    expect(messageKey({ jid: asked.jid, messageType: 'chat' })).toBeUndefined();
    const resent = messageKey({ ...asked, originId: 'o1' });
    expect(messageKey({ ...asked, messageId: 'other', originId: 'o1' })).toBe(resent);
    expect(messageKey({ ...asked, originId: 'o2' })).not.toBe(resent);
  });

  it('keeps occupants of a room apart', () => {
    const room = { jid: 'gym@rooms.x/ann', messageType: 'groupchat' } as const;
    expect(requesterKey(room)).toBe('gym@rooms.x/ann');
    expect(requesterKey(asked)).toBe('alice@x');
  });

  it('finds by number and by unique key, until the job is closed', () => {
    const open = createOpenJobs();
    const job = someEntry(7, { uniqueKey: '["gym"]' });
    open.opened(job);
    expect(open.withNumber(7)).toBe(job.id);
    expect(open.withKey('lift', '["gym"]')).toBe(job.id);
    expect(open.withKey('press', '["gym"]')).toBeUndefined();
    open.closed(job, 0);
    expect(open.withNumber(7)).toBeUndefined();
    expect(open.withKey('lift', '["gym"]')).toBeUndefined();
  });

  it('makes the unique key of the fields that the handler names', () => {
    const args = { gym: 'north', weight: 5 };
    expect(uniqueKeyOf({}, args)).toBeUndefined();
    expect(uniqueKeyOf({ uniqueBy: [] }, args)).toBe('[]');
    expect(uniqueKeyOf({ uniqueBy: ['gym', 'day'] }, args)).toBe('["north",null]');
  });
});

describe('what a job waits for, in words', () => {
  const context = { now: 0, lifters: [], running: createTally(), limits: {}, ahead: 3 };

  it.each([
    [someEntry(1, { notBefore: 600_000 }), 'for its start in 10 min'],
    [
      someEntry(1, {
        notBefore: 8_000,
        failures: [
          {
            attempt: 1,
            reason: 'failed',
            lifter: 'a@x/1',
            at: 0,
            error: { class: 'Error', message: 'x' },
          },
        ],
      }),
      'for its next attempt in 8 s',
    ],
    [someEntry(1, { target: { type: 'all' } }), 'for every lifter to do its part'],
    [someEntry(1), 'for a lifter that knows "lift"; none is there'],
    [
      someEntry(1, { target: { type: 'lifter', name: 'bob' } }),
      'for the lifter "bob", which is not there or does not know this job',
    ],
  ])('%#', (entry, words) => {
    const waiting = whyWaiting(entry, context);
    expect(waiting && waitingText(waiting, 0)).toBe(words);
  });

  it('a running job waits for nothing', () => {
    const entry = someEntry(1, { state: { type: 'assigned', lifter: 'a@x/1', since: 0 } });
    expect(whyWaiting(entry, context)).toBeUndefined();
  });

  it.each([
    [-5, '0 s'],
    [7_001, '8 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('%d ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe('ids', () => {
  it('are UUIDv7: in order of time, with version and variant', () => {
    const bytes = fc.uint8Array({ minLength: 10, maxLength: 16 });
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    fc.assert(
      fc.property(time, bytes, (now, random) => {
        const id = makeJobId(now, random);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now);
        expect(makeJobId(now + 1, random) > id).toBe(true);
      }),
    );
  });

  it('need enough random bytes', () => {
    expect(() => makeJobId(0, new Uint8Array(9))).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });

  it('of messages are the same whoever sends them', () => {
    expect(messageIds.told(idOf(1))).toBe(`told-${idOf(1)}`);
  });
});

it('names that every object has are names like any other: own properties count only', () => {
  const key = (args: object) => uniqueKeyOf({ uniqueBy: ['constructor'] }, { ...args });
  expect(key({})).toBe('[null]');
  expect(key({ constructor: 'a' })).toBe('["a"]');
  const entry = someEntry(1, { kind: 'constructor' });
  expect(limitReached(entry, createTally(), { runningOfKind: {} })).toBeUndefined();
});
