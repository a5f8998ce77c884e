import type { Requester } from '@heavylift/jobs';
import { describe, expect, it } from 'vitest';
import { createDuplicates } from '../../src/term/duplicates.js';
import { announcement, office, one } from '../scheduler/support/office.js';

const ada: Requester = { jid: 'ada@x/first', messageType: 'command', messageId: 'order-1' };

function stage() {
  const { scheduler, ledger, history, submit, succeed } = office();
  const duplicates = createDuplicates({
    ...{ ledger, scheduler, history },
    acceptances: { isAwaited: () => false, written: async (id) => ledger.get(id) ?? never() },
    view(entry) {
      const result = scheduler.outcome(entry.id);
      return { entry, ...(result && { result }) };
    },
    now: () => 1_000_000,
  });
  return { ...duplicates, scheduler, ledger, submit, succeed };
}

const never = (): never => {
  throw new Error('there is no such job');
};

describe('the same submission from another session of the same program', () => {
  const second = { ...ada, jid: 'ada@x/second' };

  it('has the outcome told there, while the job is open', async () => {
    const { scheduler, ledger, submit, again } = stage();
    scheduler.announced(one, announcement());
    const { id, number } = submit({ requester: ada });
    expect(await again({ id, number }, second)).toEqual({ kind: 'duplicate', job: id, number });
    expect(ledger.get(id)).toMatchObject({
      requester: { jid: 'ada@x/second', messageId: 'order-1' },
      state: { type: 'assigned', lifter: one },
    });
    const { revision = 0 } = ledger.get(id) ?? {};
    await again({ id, number }, second);
    expect(ledger.get(id)?.revision).toBe(revision);
  });

  it('is answered with the outcome, when that is known', async () => {
    const { scheduler, submit, succeed, again } = stage();
    scheduler.announced(one, announcement());
    const { id, number } = submit({ requester: ada });
    succeed(id);
    expect(await again({ id, number }, second)).toMatchObject({
      ended: { result: { status: 'succeeded' } },
    });
    scheduler.told(id);
    expect(await again({ id, number }, second)).toMatchObject({
      ended: { result: { status: 'succeeded' } },
    });
  });
});

describe('a request with the unique key of an open job', () => {
  const bob: Requester = { jid: 'bob@x/phone', messageType: 'chat' };
  const year = 365 * 86_400_000;

  it('is told that somebody else holds it, and until when', async () => {
    const { submit, twin } = stage();
    const { id: job, number } = submit({ requester: ada, notBefore: 1_000_000 + year });
    expect(await twin({ job, number }, bob)).toMatchObject({
      isOthers: true,
      waitsFor: 'for its start in 365 d',
    });
  });

  it('is told nothing else of somebody else’s job, and of its own what it waits for', async () => {
    const { submit, twin } = stage();
    const { id: job, number } = submit({ requester: ada });
    expect(await twin({ job, number }, bob)).toEqual({
      ...{ kind: 'duplicate', job, number },
      isOthers: true,
    });
    expect(await twin({ job, number }, ada)).toMatchObject({
      waitsFor: expect.stringContaining('for a lifter'),
    });
  });
});
