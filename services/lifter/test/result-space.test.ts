import type { JobResult } from '@heavylift/jobs';
import type { Item } from '@heavylift/xmpp-pubsub';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResultSpace } from '../src/result-space.js';

const account = () => 'lifter-1@example.org';
const result = (bytes: number): JobResult => ({
  ...{ job: '019a0b6e-8f00-7a31-9c5e-000000000001', number: 1, kind: 'lift', attempt: 1 },
  ...{ status: 'succeeded', value: 'x'.repeat(bytes), submitted: 0, finished: 0, failures: [] },
});

/** A node, and the ring's places written one after the other. */
function writing(size: number, bytes: number) {
  const kept = new Map<string, readonly JobResult[]>();
  const node = {
    async items({ ids = [] }: { readonly ids?: readonly string[] } = {}) {
      return ids.flatMap((id): Item<readonly JobResult[]>[] => {
        const value = kept.get(id);
        return value === undefined ? [] : [{ id, value }];
      });
    },
    async retract(id: string) {
      kept.delete(id);
    },
  };
  let place = 0;
  const startProcess = () => {
    const space = createResultSpace({ node, account, size, bytes });
    return async (sizeOfNext: number) => {
      const id = `${account()}:${place}`;
      place = (place + 1) % size;
      kept.set(id, [result(sizeOfNext)]);
      await space.wrote(id, [result(sizeOfNext)]);
      return id;
    };
  };
  const total = () =>
    [...kept.values()].reduce((sum, value) => sum + JSON.stringify(value).length + 200, 0);
  return { kept, startProcess, total };
}

describe('the results of a lifter', () => {
  it('take no more bytes at the node than their share, over all its processes, and the newest is there', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 20 }),
        fc.array(fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 30 }), { maxLength: 4 }),
        async (size, processes) => {
          const { kept, startProcess, total } = writing(size, 20_000);
          for (const sizes of processes) {
            const write = startProcess();
            for (const bytes of sizes) {
              const id = await write(bytes);
              expect(total()).toBeLessThanOrEqual(20_000);
              expect(kept.has(id)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 50 },
    ));

  it('lose the oldest first', async () => {
    const { kept, startProcess } = writing(10, 10_000);
    const write = startProcess();
    for (let count = 0; count < 12; count += 1) await write(2_500);
    expect([...kept.keys()].map((id) => id.replace(`${account()}:`, '')).sort()).toEqual([
      '0',
      '1',
      '9',
    ]);
  });
});
