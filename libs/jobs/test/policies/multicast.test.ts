import { describe, expect, it } from 'vitest';
import {
  aggregate,
  childOf,
  type JobResult,
  type LifterLoad,
  lifterNamesFor,
} from '../../src/index.js';
import { idOf, someEntry, someJob } from '../helpers/jobs.js';

const lifter = (name: string, more: Partial<LifterLoad> = {}): LifterLoad => ({
  jid: `${name}@example.org/${name}.1`,
  name,
  handlers: new Set(['lift']),
  slots: 1,
  busy: 0,
  draining: false,
  ...more,
});

const outcome = (more: Partial<JobResult> = {}): JobResult =>
  Object.assign(
    {
      job: idOf(2),
      number: 2,
      kind: 'lift',
      attempt: 1,
      submitted: 1,
      finished: 2,
      failures: [],
      status: 'succeeded' as const,
      value: 'up',
    },
    more,
  );

describe('a job for all', () => {
  it('goes to every lifter that has its handler and stays', () => {
    const lifters = [
      lifter('b'),
      lifter('a', { busy: 1 }),
      lifter('c', { draining: true }),
      lifter('d', { handlers: new Set(['dance']) }),
      lifter('b', { jid: 'b@example.org/b.2' }),
    ];
    expect(lifterNamesFor('lift', lifters)).toEqual(['a', 'b']);
  });

  it('has children that are nobody’s duplicates', () => {
    const parent = someJob(1, {
      uniqueKey: '[]',
      requester: { jid: 'ada@example.org/x', messageType: 'chat', messageId: 'm1', originId: 'o' },
      target: { type: 'all' },
    });
    const child = childOf(parent, idOf(2), 'a');
    expect(child).toMatchObject({
      id: idOf(2),
      target: { type: 'child', parent: idOf(1), name: 'a' },
      requester: { jid: 'ada@example.org/x' },
    });
    expect(child).not.toHaveProperty('uniqueKey');
    expect(child.requester).not.toHaveProperty('messageId');
    expect(child.requester).not.toHaveProperty('originId');
  });

  const parent = someEntry(1, { target: { type: 'all' } });

  it('succeeds with what each lifter answered', () => {
    const parts = new Map([
      ['a', outcome()],
      ['b', outcome({ status: 'succeeded', value: 7 })],
    ]);
    expect(aggregate(parent, parts, 9)).toMatchObject({
      job: idOf(1),
      status: 'succeeded',
      finished: 9,
      value: { a: 'up', b: 7 },
    });
  });

  it('fails if a part fails, and says which', () => {
    const error = { class: 'Error', message: 'too heavy' };
    const parts = new Map([
      ['a', outcome()],
      ['b', outcome({ status: 'failed', error })],
    ]);
    expect(aggregate(parent, parts, 9)).toMatchObject({
      status: 'failed',
      error: { message: '1 of 2 lifters did not do it: b: too heavy' },
    });
  });

  it('is cancelled if a part was', () => {
    const parts = new Map([['a', outcome({ status: 'cancelled' })]]);
    expect(aggregate(parent, parts, 9)).toMatchObject({ status: 'cancelled' });
  });
});
