import { describe, expect, it } from 'vitest';
import { readLedger } from '../src/index.js';
import { idOf, someJob } from './helpers/jobs.js';
import { assigned, begun } from './helpers/node.js';

describe('a crowded ledger', () => {
  it('still writes an entry that takes nearly a whole sheet', () => {
    const { ledger, node } = begun();
    for (let number = 1; number <= 40; number += 1) {
      ledger.add(someJob(number));
      node.flush(ledger);
      ledger.change(idOf(1), { args: { text: `${number}`.padEnd(45_000) } });
      expect(node.flush(ledger)).toHaveLength(1);
    }
    expect(ledger.due).toBe('nothing');
  });

  it('gets less, however much there is to write', () => {
    const { ledger } = begun();
    let number = 0;
    for (let round = 0; round < 200; round += 1) {
      for (let i = 0; i < 64; i += 1) ledger.add(someJob(++number));
      const item = ledger.nextFlush();
      if (item === undefined) break;
      // One job of each sheet stays.
      for (const { id } of item.sheet.jobs.slice(1)) ledger.remove(id);
      ledger.confirmed(item.id);
    }
    expect(ledger.sheets).toBeLessThan(70);
  });
});

describe('ten thousand waiting jobs', { timeout: 60_000 }, () => {
  const backlog = 10_000;

  it('written one by one, end in few sheets, each carried over about once', () => {
    const { ledger, node } = begun();
    for (let number = 1; number <= backlog; number += 1) {
      ledger.add(someJob(number));
      node.flush(ledger);
    }
    expect(node.items().length).toBeLessThan(16 + 2 * (backlog / 48));
    expect(node.written).toBeLessThan(3 * backlog);
    expect(readLedger(node.items()).size).toBe(backlog);
  });

  it('do not slow down the jobs that pass them, and are let go without a rest', () => {
    const { ledger, node } = begun();
    for (let number = 1; number <= backlog; number += 1) {
      ledger.add(someJob(number));
      if (number % 50 === 0) node.flush(ledger);
    }
    const before = node.written;
    for (let number = backlog + 1; number <= 2 * backlog; number += 1) {
      ledger.add(someJob(number, { state: assigned }));
      if (number % 20 === 0) node.flush(ledger);
      if (number > backlog + 100) ledger.remove(idOf(number - 100));
    }
    // Passing jobs are written once each, and bring few others with them.
    expect(node.written - before).toBeLessThan(1.5 * backlog);
    for (const { id } of [...ledger.entries()]) {
      ledger.remove(id);
      if (ledger.size % 20 === 0) node.flush(ledger);
    }
    expect(ledger.size).toBe(0);
    expect(ledger.sheets).toBeLessThanOrEqual(17);
    expect(readLedger(node.items()).size).toBe(0);
  });
});
