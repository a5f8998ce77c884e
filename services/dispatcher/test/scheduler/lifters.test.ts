import { describe, expect, it } from 'vitest';
import { createLifterRegistry } from '../../src/scheduler/lifters.js';

const announcing = (slots: number) => ({
  version: '1',
  slots,
  busy: 0,
  draining: false,
  handlers: ['lift'],
  running: [],
});

describe('the slots of a lifter', () => {
  it('are as many as it announces, but no more than an account may have', () => {
    const registry = createLifterRegistry(8);
    registry.announced('lifter-1@x/a', announcing(4), 0);
    registry.announced('lifter-2@x/a', announcing(1_000_000), 0);
    expect(registry.live().map(({ name, slots }) => [name, slots])).toEqual([
      ['lifter-1', 4],
      ['lifter-2', 8],
    ]);
  });

  it('are no more for an account that announces them under many resources', () => {
    const registry = createLifterRegistry(8);
    for (let resource = 0; resource < 50; resource += 1)
      registry.announced(`lifter-1@x/${resource}`, announcing(5), 0);
    const slots = registry.live().map((lifter) => lifter.slots);
    expect(slots.slice(0, 3)).toEqual([5, 3, 0]);
    expect(slots.reduce((sum, each) => sum + each, 0)).toBe(8);
  });
});
