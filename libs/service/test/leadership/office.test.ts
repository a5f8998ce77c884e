import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginOffice } from '../../src/leadership/office.js';

const certaintyMs = 1_000;

/** By a clock that only the test moves on. */
const pass = (ms: number) => vi.advanceTimersByTime(ms);
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Question {
  readonly answer: (isHighest: boolean) => void;
  readonly fail: (error: Error) => void;
}

/** An office that was certain a moment ago, or longer. The test answers what it asks about its lock. */
function inOffice(agoMs = 0) {
  const asked: Question[] = [];
  const onUncertain = vi.fn();
  const onOver = vi.fn();
  const { office, end } = beginOffice({
    epoch: 7,
    certainSince: performance.now() - agoMs,
    certaintyMs,
    isHighest: () => new Promise((answer, fail) => asked.push({ answer, fail })),
    onUncertain,
    onOver,
  });
  return {
    asked,
    onUncertain,
    onOver,
    end,
    /** @returns whether it may be written, as far as that is known */
    async wantsToWrite() {
      const write: { may: boolean | undefined } = { may: undefined };
      office.certify().then(
        () => (write.may = true),
        () => (write.may = false),
      );
      await settled();
      return write;
    },
    /** @returns whether what was written counts, as far as that is known */
    async wantsToConfirm() {
      const write: { may: boolean | undefined } = { may: undefined };
      office.confirm().then(
        () => (write.may = true),
        () => (write.may = false),
      );
      await settled();
      return write;
    },
    async answer(isHighest: boolean) {
      asked.at(-1)?.answer(isHighest);
      await settled();
    },
  };
}

describe('an office', () => {
  it('relies on what it read for as long as it may, and asks then', async () => {
    const { asked, wantsToWrite, answer } = inOffice();
    pass(certaintyMs);
    expect(await wantsToWrite()).toEqual({ may: true });
    expect(asked).toHaveLength(0);
    pass(1);
    const write = await wantsToWrite();
    expect(asked).toHaveLength(1);
    expect(write).toEqual({ may: undefined });
    await answer(true);
    expect(write).toEqual({ may: true });
  });

  it('is certain from when it asked, not from when the answer came', async () => {
    const { asked, wantsToWrite, answer } = inOffice(certaintyMs + 1);
    await wantsToWrite();
    pass(600);
    await answer(true);
    pass(400);
    expect(await wantsToWrite()).toEqual({ may: true });
    expect(asked).toHaveLength(1);
    pass(1);
    expect(await wantsToWrite()).toEqual({ may: undefined });
    expect(asked).toHaveLength(2);
  });

  it('asks again when the answer took so long that it says nothing any more', async () => {
    const { asked, wantsToWrite, answer } = inOffice(certaintyMs + 1);
    const write = await wantsToWrite();
    // Its process was stopped, for example.
    pass(certaintyMs + 1);
    await answer(true);
    expect(write).toEqual({ may: undefined });
    expect(asked).toHaveLength(2);
    await answer(true);
    expect(write).toEqual({ may: true });
  });

  it('asks before its first write if it was long in coming', async () => {
    const { asked, wantsToWrite, answer } = inOffice(certaintyMs + 1);
    const write = await wantsToWrite();
    expect(asked).toHaveLength(1);
    await answer(false);
    expect(write).toEqual({ may: false });
  });

  it('asks once for all who want to write meanwhile', async () => {
    const { asked, wantsToWrite, answer } = inOffice(certaintyMs + 1);
    const writes = [await wantsToWrite(), await wantsToWrite()];
    expect(asked).toHaveLength(1);
    await answer(true);
    expect(writes).toEqual([{ may: true }, { may: true }]);
  });

  it('waits while its lock cannot be read, and says so', async () => {
    const { asked, onUncertain, onOver, wantsToWrite, answer } = inOffice(certaintyMs + 1);
    const write = await wantsToWrite();
    const error = new Error('not now');
    asked[0]?.fail(error);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(write).toEqual({ may: undefined });
    expect(onUncertain.mock.calls).toEqual([[error]]);
    expect(onOver).not.toHaveBeenCalled();
    await answer(true);
    expect(write).toEqual({ may: true });
  });

  it('is over for good when it ends, whatever is answered later or was certain before', async () => {
    const { onOver, end, wantsToWrite, answer } = inOffice(certaintyMs + 1);
    const before = await wantsToWrite();
    end('the connection broke');
    end('once more');
    await answer(true);
    expect(before).toEqual({ may: false });
    expect(await wantsToWrite()).toEqual({ may: false });
    expect(onOver).toHaveBeenCalledOnce();
    expect(onOver.mock.lastCall).toMatchObject([
      { code: 'office-lost', message: 'the connection broke' },
    ]);
  });

  it('confirms a write by a question that was asked after it, and one serves all of them', async () => {
    const { asked, wantsToConfirm, answer } = inOffice();
    const first = await wantsToConfirm();
    expect(asked).toHaveLength(1);
    // This one was written while the question was out: the answer may be older than the write.
    const others = [await wantsToConfirm(), await wantsToConfirm()];
    await answer(true);
    expect(first).toEqual({ may: true });
    expect(others).toEqual([{ may: undefined }, { may: undefined }]);
    expect(asked).toHaveLength(2);
    await answer(true);
    expect(others).toEqual([{ may: true }, { may: true }]);
    expect(asked).toHaveLength(2);
  });

  it('confirms nothing once a higher lock is there, however certain it was a moment ago', async () => {
    const { wantsToWrite, wantsToConfirm, answer } = inOffice();
    expect(await wantsToWrite()).toEqual({ may: true });
    const write = await wantsToConfirm();
    await answer(false);
    expect(write).toEqual({ may: false });
  });
});
