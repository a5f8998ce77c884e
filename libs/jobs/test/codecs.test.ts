import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answersCodec,
  eventsCodec,
  failedCodec,
  type GoneJob,
  handlersCodec,
  isJobsError,
  type JobEntry,
  jsonText,
  lifterCodec,
  lifterSheetCodec,
  mostOrders,
  ordersCodec,
  resultsCodec,
  runningQueryCodec,
  type Sheet,
  scheduleCodec,
  sheetCodec,
} from '../src/index.js';
import { GONE_BYTES, jobBytesAtMost } from '../src/payloads/size.js';
import * as any from './helpers/arbitraries.js';
import { idOf } from './helpers/jobs.js';
import { parseXml, throughStream } from './helpers/xml.js';

const sheet: fc.Arbitrary<Sheet> = fc
  .record({
    jobs: fc.uniqueArray(any.jobEntry, { maxLength: 3, selector: ({ id }) => id }),
    floor: fc.integer({ min: 1, max: 1_000 }),
    gaps: fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 4 }),
    epoch: fc.integer({ min: 0, max: 1_000 }),
    lastNumber: fc.nat(),
  })
  .map(({ jobs, floor, gaps, epoch, lastNumber }) => {
    let next = floor;
    const dead = gaps.map(([gap, length]) => {
      const from = next + gap;
      next = from + length + 1;
      return { from, to: from + length };
    });
    const gone = jobs.slice(2).map(({ id, revision }) => ({ id, revision }));
    return {
      epoch,
      sequence: next,
      floor,
      dead,
      epochs: [{ epoch, since: floor }],
      lastNumber,
      jobs: jobs.slice(0, 2),
      gone,
    };
  });

const emptySheet: Sheet = {
  epoch: 1,
  sequence: 1,
  floor: 1,
  dead: [],
  epochs: [{ epoch: 1, since: 1 }],
  lastNumber: 0,
  jobs: [],
  gone: [],
};

function survives<T>(codec: PayloadCodec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(codec.decode(throughStream(codec.encode(value)))).toStrictEqual(value);
    }),
  );
}

describe('what is encoded and sent through a stream is decoded as it was', () => {
  it('sheets', () => survives(sheetCodec, sheet));
  it('results', () =>
    survives(resultsCodec, fc.array(any.jobResult, { minLength: 1, maxLength: 3 })));
  it('events', () => survives(eventsCodec, fc.array(any.jobEvent, { maxLength: 3 })));
  it('lifter announcements', () => survives(lifterCodec, any.lifterAnnouncement));
  it('handlers', () => survives(handlersCodec, fc.array(any.handlerSpec, { maxLength: 3 })));
  it('failed jobs', () =>
    survives(
      failedCodec,
      fc.record(
        {
          entry: any.jobEntry,
          error: any.jobError,
          finished: any.instant,
          retriedAs: fc.integer({ min: 1 }),
        },
        { requiredKeys: ['entry', 'error'], noNullPrototype: true },
      ),
    ));
  it('schedules', () => survives(scheduleCodec, any.schedule));
  it('orders', () =>
    survives(ordersCodec, fc.array(any.order, { minLength: 1, maxLength: mostOrders })));
  it('answers to orders, whose order is of no matter', () =>
    survives(
      answersCodec,
      fc
        .array(any.orderAnswer, { maxLength: 5 })
        .map((all) => [
          ...all.filter((answer) => 'job' in answer),
          ...all.filter((answer) => 'refusal' in answer),
        ]),
    ));
  it('the running query', () => {
    const position = { epoch: fc.integer({ min: 1 }), sequence: fc.integer({ min: 1 }) };
    const newest = fc.record(position, { noNullPrototype: true });
    survives(runningQueryCodec, fc.record({ newest }, { requiredKeys: [], noNullPrototype: true }));
  });
});

describe('JSON in XML (XEP-0335)', () => {
  it('has only characters that XML 1.0 allows', () => {
    const forbidden = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
    fc.assert(
      fc.property(any.anyText, (text) => {
        expect(jsonText(text)).not.toMatch(forbidden);
      }),
    );
  });

  it('escapes what XML forbids', () => {
    expect(jsonText('\u0001\uFFFE\uD800')).toBe('"\\u0001\\ufffe\\ud800"');
  });
});

it('an entry takes no more bytes than was reckoned, and not many less', () => {
  const bytes = (jobs: JobEntry[], gone: GoneJob[]) =>
    Buffer.byteLength(sheetCodec.encode({ ...emptySheet, jobs, gone }).toString()) -
    Buffer.byteLength(sheetCodec.encode(emptySheet).toString());
  fc.assert(
    fc.property(any.jobEntry, (entry) => {
      expect(bytes([entry], [])).toBeLessThanOrEqual(jobBytesAtMost(entry));
      expect(bytes([entry], []) + 250).toBeGreaterThan(jobBytesAtMost(entry));
    }),
  );
  const huge = { id: idOf(1), revision: Number.MAX_SAFE_INTEGER };
  expect(bytes([], [huge])).toBeLessThanOrEqual(GONE_BYTES);
});

it.each([101, 2_500, 100_000])('JSON that is nested %i levels deep is malformed', (levels) => {
  const result = (text: string) =>
    parseXml(`<results xmlns='urn:heavylift:result:1'>
      <result job='019a0b6e-8f00-7a31-9c5e-3d2f10a4b7c8' number='1' kind='lift' attempt='1' status='succeeded'
        submitted='2026-01-31T12:00:00.000Z' finished='2026-01-31T12:00:01.000Z'>
      <json xmlns='urn:xmpp:json:0'>${text}</json></result></results>`);
  const nested = (depth: number) => `${'['.repeat(depth)}"]"${']'.repeat(depth)}`;
  const deep = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  for (const text of [nested(levels), deep]) {
    expect(() => resultsCodec.decode(result(text))).toThrow(/more than 100 levels deep/);
  }
  expect(resultsCodec.decode(result(nested(100)))).toHaveLength(1);
  // Brackets in texts are no levels.
  expect(resultsCodec.decode(result(`["${'['.repeat(500)}\\"["]`))).toHaveLength(1);
});

it('an item with more records than anyone writes is malformed', () => {
  const many = Array.from({ length: 4_097 }, (_, index) => ({ id: idOf(index + 1), revision: 1 }));
  const sheet = sheetCodec.encode({ ...emptySheet, gone: many });
  expect(() => sheetCodec.decode(sheet)).toThrow('it has 4097 records, 4096 are allowed');
  const told = many.map(({ id: job }) => ({ type: 'told' as const, job, at: 0 }));
  expect(() => eventsCodec.decode(eventsCodec.encode(told))).toThrow('4096 are allowed');
  expect(eventsCodec.decode(eventsCodec.encode(told.slice(1)))).toHaveLength(4_096);
});

describe('a sheet as a lifter reads it', () => {
  const me = 'lifter-1@example.org/lifter-1.k3v9qx';
  const isMine = ({ state }: JobEntry) => state.type === 'assigned' && state.lifter === me;
  const given = any.jobEntry.map(
    (entry): JobEntry => ({
      ...entry,
      state: { type: 'assigned', lifter: me, since: entry.submitted },
    }),
  );

  it('has the jobs given to it as they are, and all others as if they had been let go', () => {
    const jobs = fc.uniqueArray(fc.oneof(any.jobEntry, given), { selector: ({ id }) => id });
    fc.assert(
      fc.property(jobs, (all) => {
        const read = lifterSheetCodec(() => me).decode(
          throughStream(sheetCodec.encode({ ...emptySheet, jobs: all })),
        );
        expect(read.jobs).toStrictEqual(all.filter(isMine));
        const others = all.filter((entry) => !isMine(entry));
        expect(read.gone).toEqual(others.map(({ id, revision }) => ({ id, revision })));
      }),
    );
  });

  it('is asked for by the JID that the lifter has at the time', () => {
    let lifter = 'lifter-1@example.org/before';
    const codec = lifterSheetCodec(() => lifter);
    const [entry] = fc.sample(given, { numRuns: 1, seed: 1 });
    if (entry === undefined) throw new Error('no sample');
    const element = sheetCodec.encode({ ...emptySheet, jobs: [entry] });
    expect(codec.decode(throughStream(element)).jobs).toEqual([]);
    lifter = me;
    expect(codec.decode(throughStream(element)).jobs).toEqual([entry]);
  });
});

describe('what is not as the protocol says is refused, with what and where', () => {
  const id = '019a0000-0000-7000-8000-000000000001';
  const body = `<json xmlns='urn:xmpp:json:0'>{"args":{},"requester":{"jid":"a@b/c","messageType":"chat"},"target":{"type":"any"},"failures":[]}</json>`;
  const job = (attributes: string, json = body) =>
    `<job id='${id}' number='1' revision='1' kind='lift' submitted='2026-01-31T12:00:00.000Z' timeout-ms='1' priority='0' attempt='1' max-attempts='1' stalls='0' ${attributes}>${json}</job>`;
  const sheetOf = (jobs: string, attributes = `epochs='1:1'`) =>
    `<sheet xmlns='urn:heavylift:jobs:1' epoch='1' sequence='9' floor='1' last-number='1' ${attributes}>${jobs}</sheet>`;

  it('takes the well-formed one', () => {
    expect(sheetCodec.decode(parseXml(sheetOf(job(`state='pending'`)))).jobs).toHaveLength(1);
  });

  it.each([
    ['<sheet>', sheetCodec, `<sheet xmlns='urn:heavylift:jobs:2'/>`],
    ['epochs', sheetCodec, sheetOf('', '')],
    ['epochs', sheetCodec, sheetOf('', `epochs='1:2'`)],
    ['epochs', sheetCodec, sheetOf('', `epochs='1:1 2:5'`)],
    ['dead', sheetCodec, sheetOf('', `epochs='1:1' dead='4-x'`)],
    ['4-3', sheetCodec, sheetOf('', `epochs='1:1' dead='4-3'`)],
    ['5-9', sheetCodec, sheetOf('', `epochs='1:1' dead='5-9'`)],
    ['3-4', sheetCodec, sheetOf('', `epochs='1:1' dead='5 3-4'`)],
    [
      'twice',
      sheetCodec,
      sheetOf(`<gone id='${id}' revision='2'/><gone id='${id}' revision='2'/>`),
    ],
    ['pending, assigned', sheetCodec, sheetOf(job(`state='done'`))],
    ["'lifter' is missing", sheetCodec, sheetOf(job(`state='assigned'`))],
    [id, sheetCodec, sheetOf(job(`state='pending'`, ''))],
    [
      'not JSON',
      sheetCodec,
      sheetOf(job(`state='pending'`, `<json xmlns='urn:xmpp:json:0'>{</json>`)),
    ],
    ['target', sheetCodec, sheetOf(job(`state='pending'`, body.replace('any', 'moon')))],
    ['args', sheetCodec, sheetOf(job(`state='pending'`, body.replace('{}', '[]')))],
    ['a UTC time', sheetCodec, sheetOf(job(`state='pending' deadline='tomorrow'`))],
    ['<result>', resultsCodec, `<results xmlns='urn:heavylift:result:1'/>`],
    [
      'attempt',
      lifterCodec,
      `<lifter xmlns='urn:heavylift:lifter:1' version='1' slots='1' busy='0'><running id='${id}' attempt='0'/></lifter>`,
    ],
    [
      'UUIDv7',
      lifterCodec,
      `<lifter xmlns='urn:heavylift:lifter:1' version='1' slots='1' busy='0'><running id='x' attempt='1'/></lifter>`,
    ],
    [
      'draining',
      lifterCodec,
      `<lifter xmlns='urn:heavylift:lifter:1' version='1' slots='1' busy='0' draining='maybe'/>`,
    ],
    [
      'slots',
      lifterCodec,
      `<lifter xmlns='urn:heavylift:lifter:1' version='1' slots='1e3' busy='0'/>`,
    ],
    [
      'done',
      eventsCodec,
      `<events xmlns='urn:heavylift:event:1'><progress job='${id}' attempt='1' at='2026-01-31T12:00:00.000Z'/></events>`,
    ],
    ['0 orders', ordersCodec, `<orders xmlns='urn:heavylift:orders:1'/>`],
    [
      '65 orders',
      ordersCodec,
      `<orders xmlns='urn:heavylift:orders:1'>${'<order/>'.repeat(65)}</orders>`,
    ],
    [
      'fields',
      ordersCodec,
      `<orders xmlns='urn:heavylift:orders:1'><order command='lift' submission='s'><json xmlns='urn:xmpp:json:0'>{"fields": [5]}</json></order></orders>`,
    ],
    [
      'number',
      answersCodec,
      `<answers xmlns='urn:heavylift:orders:1'><accepted submission='s' id='${id}'/></answers>`,
    ],
    [
      'form',
      handlersCodec,
      `<handlers xmlns='urn:heavylift:handler:1'><handler name='lift' title='x' timeout-ms='1' max-attempts='1'/></handlers>`,
    ],
  ] as const)('%s', (says, codec: PayloadCodec<unknown>, source) => {
    const attempt = () => codec.decode(parseXml(source));
    expect(attempt).toThrow(says);
    expect(attempt).toThrow(expect.objectContaining({ code: 'malformed-payload' }));
  });

  it('whatever a mutated payload is, decoding gives a value or JobsError', () => {
    const source = sheetOf(job(`state='pending'`));
    const mutation = fc.tuple(fc.nat(source.length), fc.nat(20), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(mutation, ([at, length, instead]) => {
        const element = tryParse(source.slice(0, at) + instead + source.slice(at + length));
        if (element === undefined) return;
        try {
          sheetCodec.decode(element);
        } catch (error) {
          expect(isJobsError(error, 'malformed-payload')).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('later versions may add', () => {
  it('attributes and elements that are not known are ignored', () => {
    const source = `<lifter xmlns='urn:heavylift:lifter:1' version='1' slots='1' busy='0' mood='fine'><gpu/><handler name='lift' speed='9'/></lifter>`;
    expect(lifterCodec.decode(parseXml(source))).toStrictEqual({
      version: '1',
      slots: 1,
      busy: 0,
      draining: false,
      handlers: ['lift'],
      running: [],
    });
  });

  it('kinds of event that are not known are ignored', () => {
    const source = `<events xmlns='urn:heavylift:event:1'><applause/></events>`;
    expect(eventsCodec.decode(parseXml(source))).toStrictEqual([]);
  });
});

function tryParse(source: string): Element | undefined {
  try {
    return parseXml(source);
  } catch {
    return undefined;
  }
}
