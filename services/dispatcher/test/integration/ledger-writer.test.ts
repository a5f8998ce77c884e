import { openLine } from '@heavylift/ejabberd';
import { type JobEntry, openLedger, readLedger, sheetCodec } from '@heavylift/jobs';
import { connectPubSub, createSession, type Session } from '@heavylift/xmpp-pubsub';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLedgerWriter } from '../../src/ledger/writer.js';
import { someJob } from '../support/job.js';
import { login, patience, pubsubOf, stage } from './support/stage.js';

let epoch = 0;
let administrator: Session;
let closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  epoch += 1;
  administrator = await login(stage.provisioned.accounts.bot, `reader.${epoch}`);
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

const node = (session: Session) => pubsubOf(session).node(stage.provisioned.nodes.jobs, sheetCodec);

/** What stands in the node for whoever comes new to it, and in how many items. */
async function found(): Promise<{ jobs: JobEntry[]; items: number }> {
  const items = (await node(administrator).items()).map(({ id, value }) => ({ id, sheet: value }));
  return { jobs: [...readLedger(items).entries()], items: items.length };
}

/** A writer of its own epoch, that takes up what the node holds. */
async function write(
  options: {
    session?: Session;
    mayWrite?: () => Promise<void>;
    isStillOurs?: () => Promise<void>;
  } = {},
) {
  const session =
    options.session ?? (await login(stage.provisioned.accounts.bot, `writer.${epoch}`));
  const items = (await node(administrator).items()).map(({ id, value }) => ({ id, sheet: value }));
  const ledger = openLedger({ epoch: ++epoch, items });
  const written: string[] = [];
  const failures: unknown[] = [];
  const writer = createLedgerWriter(ledger, {
    node: node(session),
    mayWrite: options.mayWrite ?? (async () => undefined),
    isStillOurs: options.isStillOurs ?? (async () => undefined),
    onWritten: (confirmation) => written.push(...confirmation.written.map(({ id }) => id)),
    onFailure: (error) => failures.push(error),
  });
  closing.push(() => writer.close(0));
  const add = (): JobEntry => {
    const entry = ledger.add(someJob());
    writer.kick();
    return entry;
  };
  const isWritten = (...entries: readonly JobEntry[]) =>
    vi.waitFor(
      () => expect(written).toEqual(expect.arrayContaining(entries.map(({ id }) => id))),
      patience,
    );
  return { ledger, writer, written, failures, add, isWritten };
}

describe('the writer of the ledger', () => {
  it('has a job in the node when it says so, and many of one turn in one item (XEP-0060 section 7.1)', async () => {
    const { add, isWritten, ledger, writer } = await write();
    const before = (await found()).items;
    const entries = Array.from({ length: 50 }, add);
    await isWritten(...entries);
    const { jobs, items } = await found();
    expect(jobs.map(({ id }) => id).sort()).toEqual(entries.map(({ id }) => id).sort());
    expect(items - before).toBeLessThanOrEqual(2);
    for (const { id } of entries) ledger.remove(id);
    writer.kick();
    // The sheets of jobs that were let go are retracted (section 7.2).
    await vi.waitFor(
      async () => expect(await found()).toMatchObject({ jobs: [], items: 1 }),
      patience,
    );
  });

  it('publishes the same sheet again, under the same id, if its confirmation was lost', async () => {
    const line = await openLine(stage.server.service);
    const { username, password } = stage.provisioned.accounts.bot;
    const session = createSession({
      ...{ service: line.service, domain: stage.server.domain, username, password },
      ...{ tls: { allowPlaintextOnLoopback: true }, streamManagement: false },
      ...{ requestTimeoutMs: 1_000, backoff: { maxMs: 500 } },
    });
    closing.push(
      () => line.close(),
      () => session.stop(),
    );
    await session.start();
    const { add, isWritten, failures, written } = await write({ session });
    await isWritten(add());
    // The server has it, and its answer comes too late.
    line.slow(1_500);
    const entry = add();
    await vi.waitFor(() => expect(failures).toMatchObject([{ code: 'timeout' }]), patience);
    line.heal();
    await isWritten(entry);
    expect(written.filter((id) => id === entry.id)).toHaveLength(1);
    expect((await found()).jobs.find(({ id }) => id === entry.id)).toEqual(entry);
  });

  it('writes anew what somebody has purged or retracted (XEP-0060 sections 8.5 and 7.2)', async () => {
    const { add, isWritten, writer } = await write();
    const entries = [add()];
    await isWritten(...entries);
    entries.push(add());
    await isWritten(...entries);
    const admin = createSession({
      ...{ service: stage.server.service, domain: stage.server.domain, ...stage.server.admin },
      ...{ tls: { allowPlaintextOnLoopback: true } },
    });
    closing.push(() => admin.stop());
    await admin.start();
    await connectPubSub(admin, { jid: stage.server.pubsub })
      .node(stage.provisioned.nodes.jobs)
      .purge();
    expect((await found()).jobs).toEqual([]);
    const lost = await vi.waitFor(async () => {
      const count = await writer.verify(() => node(administrator).itemIds());
      expect(count).toBeGreaterThan(0);
      return count;
    }, patience);
    expect(lost).toBeGreaterThanOrEqual(2);
    await vi.waitFor(async () => {
      const ids = (await found()).jobs.map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining(entries.map(({ id }) => id)));
    }, patience);
    expect(await writer.verify(() => node(administrator).itemIds())).toBe(0);
  });

  it('writes nothing any more once it may not, and says why', async () => {
    let inOffice = true;
    const mayWrite = async () => {
      if (!inOffice) throw new Error('another one leads');
    };
    const { add, isWritten, failures } = await write({ mayWrite });
    await isWritten(add());
    inOffice = false;
    const late = add();
    await vi.waitFor(
      () => expect(failures).toMatchObject([{ message: 'another one leads' }]),
      patience,
    );
    inOffice = true;
    add();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await found()).jobs.map(({ id }) => id)).not.toContain(late.id);
  });

  it('says that a job is written only when the lock, asked for after the confirmation, is still ours', async () => {
    const questions: (() => void)[] = [];
    const isStillOurs = () => new Promise<void>((resolve) => questions.push(resolve));
    const { add, isWritten, writer, written, ledger } = await write({ isStillOurs });
    const entry = add();
    await vi.waitFor(() => expect(questions).toHaveLength(1), patience);
    expect((await found()).jobs).toContainEqual(entry);
    expect({ written, stands: writer.stands(entry.id) }).toEqual({ written: [], stands: false });
    // What comes meanwhile is published without waiting, and has a question of its own, in common.
    const later = [add()];
    await vi.waitFor(() => expect(ledger.isConfirmed(later[0]?.id ?? '')).toBe(true), patience);
    later.push(add());
    await vi.waitFor(() => expect(ledger.isConfirmed(later[1]?.id ?? '')).toBe(true), patience);
    expect(questions).toHaveLength(1);
    questions[0]?.();
    await isWritten(entry);
    expect(written).toEqual([entry.id]);
    await vi.waitFor(() => expect(questions).toHaveLength(2), patience);
    questions[1]?.();
    await isWritten(...later);
    expect(questions).toHaveLength(2);
    expect(writer.stands(entry.id)).toBe(true);
  });

  it('says nothing of what was confirmed when another one led already, and retracts nothing', async () => {
    let isOurs = true;
    const isStillOurs = async () => {
      if (!isOurs) throw new Error('another one leads');
    };
    const { add, isWritten, written, failures, ledger } = await write({ isStillOurs });
    const entry = add();
    await isWritten(entry);
    const before = (await found()).items;
    isOurs = false;
    ledger.remove(entry.id);
    const late = add();
    await vi.waitFor(
      () => expect(failures).toMatchObject([{ message: 'another one leads' }]),
      patience,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(written).not.toContain(late.id);
    expect((await found()).items).toBeGreaterThan(before);
  });
});
