import { duplicateWindowMs, type JobResult, makeJobId } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { createEndedBefore } from '../../src/term/ended-before.js';

const bytes = (fill: number) => new Uint8Array(10).fill(fill);
const resultOf = (job: string, number: number): JobResult => ({
  ...{ job, number, kind: 'lift', attempt: 1, submitted: 0, finished: 1, failures: [] },
  ...{ status: 'succeeded', value: null },
});

function stage() {
  let now = 1_800_000_000_000;
  const ended = createEndedBefore(() => now);
  return {
    ended,
    idOf: (fill: number) => makeJobId(now, bytes(fill)),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('jobs that had ended before the term began', () => {
  it('are known by their ids, and by those that the same message would bring later', () => {
    const { ended, idOf, pass } = stage();
    const [id, other] = [idOf(7), idOf(8)];
    ended.add(resultOf(id, 41));
    pass(duplicateWindowMs - 1);
    expect(ended.numberOf(id)).toBe(41);
    expect(ended.numberOf(idOf(7))).toBeUndefined();
    expect(ended.ofRequest(idOf(7))).toEqual({ id, number: 41 });
    expect(ended.ofRequest(other)).toBeUndefined();
  });

  it('are told apart by what was asked, where one message id was used twice', () => {
    const { ended } = stage();
    const id = (content: number) =>
      makeJobId(1_800_000_000_000, new Uint8Array([7, 7, 7, 7, 7, 7, ...Array(4).fill(content)]));
    ended.add(resultOf(id(1), 41));
    expect(ended.ofRequest(id(1))).toMatchObject({ number: 41 });
    expect(ended.ofRequest(id(2))).toBeUndefined();
    expect(ended.ofMessage(id(2))).toMatchObject({ number: 41 });
  });

  it('are not the same any more when it was long ago: clients use ids again', () => {
    const { ended, idOf, pass } = stage();
    ended.add(resultOf(idOf(7), 41));
    pass(duplicateWindowMs);
    expect(ended.ofRequest(idOf(7))).toBeUndefined();
  });

  it('are the latest of the message, in whichever order they are read', () => {
    const { ended, idOf, pass } = stage();
    const early = idOf(7);
    pass(duplicateWindowMs + 1);
    const late = idOf(7);
    for (const [id, number] of [
      [late, 42],
      [early, 41],
    ] as const)
      ended.add(resultOf(id, number));
    expect(ended.ofRequest(idOf(7))).toEqual({ id: late, number: 42 });
  });
});
