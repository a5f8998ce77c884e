import { describe, expect, it } from 'vitest';
import { openLedger, readLedger, sheetCodec, sheetsMissing } from '../src/index.js';
import { idOf, someJob } from './helpers/jobs.js';
import { assigned, begun, createNode } from './helpers/node.js';

describe('group commit', () => {
  it('begins its epoch with a sheet, even an empty one', () => {
    const ledger = openLedger({ epoch: 7, items: [] });
    expect(ledger.due).toBe('entries');
    expect(ledger.nextFlush()).toStrictEqual({
      id: '7.1',
      sheet: {
        epoch: 7,
        sequence: 1,
        floor: 1,
        dead: [],
        epochs: [{ epoch: 7, since: 1 }],
        lastNumber: 0,
        jobs: [],
        gone: [],
      },
    });
    ledger.confirmed('7.1');
    expect(ledger.due).toBe('nothing');
    expect(ledger.nextFlush()).toBeUndefined();
  });

  it('writes one job at once, and what collects meanwhile in the next sheet', () => {
    const { ledger } = begun();
    ledger.add(someJob(1));
    expect(ledger.nextFlush()?.sheet.jobs).toHaveLength(1);
    ledger.add(someJob(2));
    ledger.add(someJob(3));
    expect(ledger.nextFlush()).toBeUndefined();
    expect(ledger.confirmed('1.2')?.written.map(({ id }) => id)).toStrictEqual([idOf(1)]);
    expect(ledger.nextFlush()?.sheet.jobs.map(({ id }) => id)).toStrictEqual([idOf(2), idOf(3)]);
  });

  it('gives the same sheet again, under the same id, until it is confirmed', () => {
    const { ledger } = begun();
    ledger.add(someJob(1));
    const first = ledger.nextFlush();
    expect(ledger.due).toBe('nothing');
    ledger.publishFailed('1.2');
    expect(ledger.due).toBe('entries');
    ledger.change(idOf(1), { priority: 5 });
    expect(ledger.nextFlush()).toStrictEqual(first);
    ledger.publishFailed('1.2');
    expect(ledger.nextFlush()).toStrictEqual(first);
    ledger.confirmed('1.2');
    expect(ledger.nextFlush()?.sheet.jobs).toMatchObject([{ priority: 5, revision: 2 }]);
  });

  it('says which sheet is the newest that the node has for certain', () => {
    const empty = openLedger({ epoch: 7, items: [] });
    expect(empty.newest).toBeUndefined();
    empty.nextFlush();
    expect(empty.newest).toBeUndefined();
    empty.confirmed('7.1');
    expect(empty.newest).toStrictEqual({ epoch: 7, sequence: 1 });
    const { node } = begun();
    const next = openLedger({ epoch: 2, items: node.items() });
    expect(next.newest).toStrictEqual({ epoch: 1, sequence: 1 });
  });

  it('ignores confirmations and failures of what is not in flight', () => {
    const { ledger } = begun();
    ledger.add(someJob(1));
    ledger.nextFlush();
    expect(ledger.confirmed('1.1')).toBeUndefined();
    ledger.publishFailed('1.1');
    expect(ledger.nextFlush()).toBeUndefined();
    expect(ledger.confirmed('1.2')).toBeDefined();
    expect(ledger.confirmed('1.2')).toBeUndefined();
  });

  it('never writes a sheet that a reader would refuse, be it full of jobs let go', () => {
    const { ledger, node } = begun();
    // Of each sheet's jobs few stay, the others end: what they leave is carried over when another one comes.
    for (let number = 1; number <= 12_000; number += 1) {
      ledger.add(someJob(number));
      if (number % 128 === 0) node.flush(ledger);
    }
    for (let number = 1; number <= 12_000; number += 1) {
      if (number % 8 !== 0) ledger.remove(idOf(number));
      if (number % 512 === 0) node.flush(ledger);
    }
    for (let number = 12_001; number <= 12_100; number += 1) {
      ledger.add(someJob(number));
      node.flush(ledger);
    }
    for (const { sheet } of node.items())
      expect(sheetCodec.decode(sheetCodec.encode(sheet)).sequence).toBe(sheet.sequence);
  });

  it('bounds a sheet to 128 jobs and 96 KiB of entries', () => {
    const { ledger, node } = begun();
    for (let number = 1; number <= 300; number += 1) ledger.add(someJob(number));
    expect(node.flush(ledger).map(({ sheet }) => sheet.jobs.length)).toSatisfy(
      (sizes: number[]) => Math.max(...sizes) <= 128 && sizes.length <= 4,
    );
    const text = 'ü<'.repeat(1_500);
    for (let number = 401; number <= 440; number += 1)
      ledger.add(someJob(number, { args: { text } }));
    for (const { sheet } of node.flush(ledger)) {
      const bytes = Buffer.byteLength(sheetCodec.encode(sheet).toString());
      expect(bytes).toBeLessThan(98_304);
    }
    expect(readLedger(node.items()).size).toBe(340);
  });

  it('tells changes from removals, so that the latter may wait for company', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    expect(ledger.due).toBe('entries');
    node.flush(ledger);
    ledger.remove(idOf(1));
    expect(ledger.due).toBe('removals');
    ledger.add(someJob(2));
    expect(ledger.due).toBe('entries');
    expect(node.flush(ledger)).toHaveLength(1);
    expect(ledger.due).toBe('nothing');
  });
});

describe('entries', () => {
  it('get a number and a revision; the revision goes up with every change written', () => {
    const { ledger, node } = begun();
    expect(ledger.add(someJob(1))).toMatchObject({ number: 1, revision: 1 });
    expect(ledger.add(someJob(2))).toMatchObject({ number: 2, revision: 1 });
    expect(ledger.change(idOf(1), { priority: 1 }).revision).toBe(1);
    node.flush(ledger);
    expect(ledger.change(idOf(1), { priority: 2 }).revision).toBe(2);
    expect(ledger.change(idOf(1), { state: assigned })).toMatchObject({ priority: 2, revision: 2 });
    node.flush(ledger);
    expect(readLedger(node.items()).get(idOf(1))).toStrictEqual(ledger.get(idOf(1)));
  });

  it('are amended without being written, and written so with their next change', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1, { notBefore: 90 }));
    node.flush(ledger);
    expect(ledger.amend(idOf(1), { notBefore: 5 })).toMatchObject({ notBefore: 5, revision: 1 });
    expect(ledger.due).toBe('nothing');
    expect(ledger.isConfirmed(idOf(1))).toBe(true);
    ledger.change(idOf(1), { priority: 2 });
    node.flush(ledger);
    expect(readLedger(node.items()).get(idOf(1))).toMatchObject({ notBefore: 5, revision: 2 });
  });

  it('lose an optional property that is set to undefined', () => {
    const { ledger } = begun();
    ledger.add(someJob(1, { notBefore: 5, deadline: 9 }));
    const changed = ledger.change(idOf(1), { notBefore: undefined });
    expect(changed).not.toHaveProperty('notBefore');
    expect(changed).toHaveProperty('deadline', 9);
  });

  it('are never refused for whom a job is given to or who asks for its end, however much has failed', () => {
    const { ledger } = begun();
    ledger.add(someJob(1, { args: { text: 'x'.repeat(20_000) } }));
    const [lifter, by] = [`${'l'.repeat(3_000)}@x`, `${'b'.repeat(3_000)}@x`];
    const failure = { attempt: 1, reason: 'failed', lifter: 'a@x/1', at: 0 } as const;
    const error = { class: 'Error', message: 'x'.repeat(997) };
    const fail = () => {
      const { failures = [] } = ledger.get(idOf(1)) ?? {};
      ledger.change(idOf(1), { failures: [...failures, { ...failure, error }] });
    };
    expect(() => {
      for (let attempt = 1; attempt < 100; attempt += 1) fail();
    }).toThrow(expect.objectContaining({ code: 'entry-too-large' }));
    ledger.change(idOf(1), { state: { type: 'assigned', lifter, since: 0 } });
    ledger.change(idOf(1), { cancelRequested: { at: 0, by } });
  });

  it('keep failures in short when the ledger takes as much as is safe, so that it fits its node', () => {
    const ledger = openLedger({ epoch: 1, items: [], safeBytes: 60_000 });
    const failure = { attempt: 1, reason: 'failed', lifter: 'a@x/1', at: 0 } as const;
    const error = { class: 'Error', message: 'x'.repeat(999) };
    for (let n = 1; n <= 40; n += 1) ledger.add(someJob(n, { args: { text: 'x'.repeat(900) } }));
    const before = ledger.bytes;
    for (let round = 0; round < 10; round += 1) {
      for (const { id, failures } of [...ledger.entries()])
        ledger.change(id, { failures: [...failures, { ...failure, error }] });
    }
    expect(ledger.bytes).toBeLessThan(Math.max(before, 60_000) + 40 * 700);
    for (const { failures } of ledger.entries()) expect(failures.length).toBeGreaterThan(0);
  });

  it('are refused with a reason', () => {
    const { ledger } = begun();
    ledger.add(someJob(1));
    const text = 'x'.repeat(30_000);
    const refusals = [
      [() => ledger.add(someJob(1)), 'duplicate-job'],
      [() => ledger.change(idOf(2), {}), 'unknown-job'],
      [() => ledger.remove(idOf(2)), 'unknown-job'],
      [() => ledger.add(someJob(3, { args: { text } })), 'entry-too-large'],
      [() => ledger.change(idOf(1), { args: { text: text + text } }), 'entry-too-large'],
      [() => openLedger({ epoch: 1, items: [], maxJobs: 1 }), 'invalid-option'],
    ] as const;
    for (const [attempt, code] of refusals) {
      expect(attempt).toThrow(expect.objectContaining({ code }));
    }
    expect(ledger.size).toBe(1);
    expect(ledger.get(idOf(1))?.args).toStrictEqual({});
    expect(ledger.lastNumber).toBe(1);
  });

  it('that were never written leave no trace when let go', () => {
    const { ledger } = begun();
    ledger.add(someJob(1));
    ledger.remove(idOf(1));
    expect(ledger.due).toBe('nothing');
    expect(ledger.size).toBe(0);
  });
});

describe('what counts no more', () => {
  it('a job alone in its sheet goes with the sheet', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    node.flush(ledger);
    ledger.remove(idOf(1));
    const [item] = node.flush(ledger);
    expect(item?.sheet).toMatchObject({ sequence: 3, floor: 3, jobs: [], gone: [] });
    expect(node.items().map(({ id }) => id)).toStrictEqual(['1.3']);
  });

  it('a job among others leaves a tombstone for as long as the sheet stands', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    ledger.add(someJob(2));
    node.flush(ledger);
    ledger.remove(idOf(1));
    expect(node.flush(ledger)[0]?.sheet.gone).toStrictEqual([{ id: idOf(1), revision: 2 }]);
    expect([...readLedger(node.items()).entries()].map(({ id }) => id)).toStrictEqual([idOf(2)]);
    ledger.remove(idOf(2));
    node.flush(ledger);
    expect(ledger.sheets).toBe(1);
    expect(node.items()).toHaveLength(1);
  });

  it('the newest sheet stands until a newer one does', () => {
    const { ledger } = begun();
    ledger.add(someJob(1));
    ledger.nextFlush();
    ledger.remove(idOf(1));
    ledger.confirmed('1.2');
    expect(ledger.nextRetraction()).toBe('1.1');
    expect(ledger.nextRetraction()).toBeUndefined();
  });

  it('nothing is retracted before a sheet that says it is dead has been confirmed', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    node.flush(ledger);
    ledger.change(idOf(1), { state: assigned });
    expect(ledger.nextFlush()?.sheet).toMatchObject({ sequence: 3, floor: 3 });
    ledger.publishFailed('1.3');
    expect(ledger.nextRetraction()).toBeUndefined();
    ledger.nextFlush();
    ledger.remove(idOf(1));
    ledger.add(someJob(2));
    ledger.confirmed('1.3');
    expect(ledger.nextRetraction()).toBe('1.2');
    ledger.nextFlush();
    ledger.remove(idOf(2));
    ledger.confirmed('1.4');
    expect(ledger.nextRetraction()).toBe('1.3');
    ledger.add(someJob(3));
    ledger.nextFlush();
    ledger.add(someJob(4));
    ledger.confirmed('1.5');
    expect(ledger.nextRetraction()).toBe('1.4');
    ledger.nextFlush();
    ledger.remove(idOf(3));
    ledger.confirmed('1.6');
    expect(ledger.nextRetraction()).toBeUndefined();
  });

  it('an item that cannot be retracted is tried again later, three times in all', () => {
    const { ledger } = begun();
    let tries = 0;
    for (let number = 1; number <= 10; number += 1) {
      ledger.add(someJob(number));
      const item = ledger.nextFlush();
      if (item !== undefined) ledger.confirmed(item.id);
      for (let id = ledger.nextRetraction(); id !== undefined; id = ledger.nextRetraction()) {
        if (id === '1.1') tries += 1;
        ledger.retractFailed(id);
      }
      ledger.remove(idOf(number));
    }
    expect(tries).toBe(3);
  });
});

describe('a new leader', () => {
  it('reads the state back, and numbers go on, even if no job is left', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    ledger.add(someJob(2));
    node.flush(ledger);
    ledger.remove(idOf(2));
    node.flush(ledger);
    const next = begun(node, 2).ledger;
    expect([...next.entries()]).toStrictEqual([ledger.get(idOf(1))]);
    next.remove(idOf(1));
    node.flush(next);
    expect(begun(node, 3).ledger.add(someJob(3)).number).toBe(3);
  });

  it('has to come under a higher epoch', () => {
    const { node } = begun(createNode(), 5);
    for (const epoch of [4, 5]) {
      expect(() => openLedger({ epoch, items: node.items() })).toThrow(
        expect.objectContaining({ code: 'stale-epoch' }),
      );
    }
  });

  it('says how many sheets are missing from what it was given', () => {
    const { ledger, node } = begun();
    for (let number = 1; number <= 3; number += 1) {
      ledger.add(someJob(number));
      node.flush(ledger);
    }
    const items = node.items();
    expect(sheetsMissing(items)).toBe(0);
    expect(sheetsMissing(items.slice(1))).toBe(1);
  });

  it('leaves no trail: after many take-overs under one old job, sheets stay few and short', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    node.flush(ledger);
    for (let epoch = 2; epoch <= 100; epoch += 1) expect(begun(node, epoch).ledger.size).toBe(1);
    expect(node.items().length).toBeLessThan(4);
    for (const { sheet } of node.items()) expect(sheet.epochs.length).toBeLessThanOrEqual(18);
  });

  it('has what the node lost written anew', () => {
    const { ledger, node } = begun();
    ledger.add(someJob(1));
    node.flush(ledger);
    const lost = new Set(['1.2']);
    expect(ledger.verify(node.items().map(({ id }) => id))).toBe(0);
    expect(ledger.due).toBe('nothing');
    expect(ledger.verify(node.items().flatMap(({ id }) => (lost.has(id) ? [] : [id])))).toBe(1);
    expect(node.flush(ledger)[0]?.sheet.jobs).toMatchObject([{ id: idOf(1), revision: 2 }]);
  });
});
