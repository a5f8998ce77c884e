import { describe, expect, it } from 'vitest';
import { createAcceptances } from '../../src/term/acceptances.js';
import { entry } from '../support/desk.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** What became of a wait. */
function watch(wait: Promise<unknown>): { is: 'waiting' | 'done' | 'given up' } {
  const state: { is: 'waiting' | 'done' | 'given up' } = { is: 'waiting' };
  wait.then(
    () => (state.is = 'done'),
    () => (state.is = 'given up'),
  );
  return state;
}

const at = (revision: number) => ({ ...entry, revision });

describe('acceptances', () => {
  it('answer a cancellation only when its own change is written, not an earlier one that was on its way', async () => {
    const acceptances = createAcceptances();
    const [accepted, cancelled] = [
      watch(acceptances.written(entry.id)),
      watch(acceptances.written(entry.id, 3)),
    ];
    acceptances.confirmed([at(2)]);
    await settled();
    expect([accepted.is, cancelled.is]).toEqual(['done', 'waiting']);
    expect(acceptances.isAwaited(entry.id)).toBe(true);
    acceptances.confirmed([at(3)]);
    await settled();
    expect(cancelled.is).toBe('done');
    expect(acceptances.isAwaited(entry.id)).toBe(false);
  });

  it("take a job that another leader's node has for accepted, and nothing else of it for written", async () => {
    const acceptances = createAcceptances();
    const [accepted, cancelled] = [
      watch(acceptances.written(entry.id)),
      watch(acceptances.written(entry.id, 2)),
    ];
    acceptances.found([at(7)]);
    acceptances.abandon(new Error('another took over'));
    await settled();
    expect([accepted.is, cancelled.is]).toEqual(['done', 'given up']);
  });

  it('wait on for what the next term of the same process writes anew, under whatever revision', async () => {
    const acceptances = createAcceptances();
    const cancelled = watch(acceptances.written(entry.id, 5));
    acceptances.abandon(new Error('another took over'), (job) => job === entry.id);
    acceptances.confirmed([at(4)]);
    await settled();
    expect(cancelled.is).toBe('done');
  });

  it('end with the job', async () => {
    const acceptances = createAcceptances();
    const cancelled = watch(acceptances.written(entry.id, 5));
    acceptances.gone(at(2));
    await settled();
    expect(cancelled.is).toBe('done');
  });
});
