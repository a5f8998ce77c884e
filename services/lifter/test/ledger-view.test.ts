import { EventEmitter } from 'node:events';
import { type JobEntry, type Sheet, sheetItemId } from '@heavylift/jobs';
import { createLogger } from '@heavylift/service';
import {
  type Item,
  type Jid,
  parseJid,
  type ReplicaObserver,
  type Session,
  type SessionEvents,
  type SessionStatus,
  toBareJid,
  XmppError,
} from '@heavylift/xmpp-pubsub';
import { describe, expect, it } from 'vitest';
import { createLedgerView } from '../src/ledger-view.js';
import type { LedgerNews } from '../src/statements.js';
import { assignment, me } from './support/assignment.js';

const dispatcher = 'bot@localhost';

/** Only the joints between session, replica and view: what they say when. */
function setUp() {
  let status: SessionStatus = 'online';
  const happenings = new EventEmitter();
  const happens = <E extends keyof SessionEvents>(event: E, details: SessionEvents[E]) =>
    happenings.emit(event, details);
  let observer: ReplicaObserver<Sheet> | undefined;
  const news: LedgerNews[] = [];
  const ignored: string[] = [];
  let reads = 0;
  const session: Pick<Session, 'jid' | 'status' | 'on'> = {
    jid: parseJid(me),
    get status() {
      return status;
    },
    on(event, listener) {
      happenings.on(event, listener);
      return () => happenings.off(event, listener);
    },
  };
  const view = createLedgerView({
    session,
    node: {
      replicate(given) {
        observer = given;
        const done = async () => undefined;
        const refresh = async () => {
          reads += 1;
        };
        return { ready: done(), refresh, stop: done, [Symbol.asyncDispose]: done };
      },
    },
    dispatcher: toBareJid(dispatcher),
    ignore: (source, reason) => ignored.push(`${source} ${reason}`),
    log: createLogger({ name: 'test', level: 'silent' }),
    onNews: (each) => news.push(each),
  });
  return {
    view,
    news,
    ignored,
    reads: () => reads,
    read: (...items: Item<Sheet>[]) => observer?.reset(items),
    publish: (...items: Item<Sheet>[]) =>
      observer?.event({ type: 'published', node: 'jobs', subscriptionIds: [], items }),
    goOffline() {
      status = 'offline';
      happens('offline', { error: new XmppError('connection-failed', 'cut'), retryInMs: 1 });
    },
    goOnline(resumed: boolean) {
      status = 'online';
      happens('online', { jid: parseJid(me), resumed });
    },
  };
}

function sheet(sequence: number, jobs: readonly JobEntry[], publisher: Jid | undefined) {
  const epoch = 1;
  const epochs = [{ epoch, since: 1 }];
  const value = { epoch, sequence, floor: 1, dead: [], epochs, lastNumber: 9, jobs, gone: [] };
  return { id: sheetItemId(value), value, ...(publisher && { publisher }) };
}

const trusted = parseJid(`${dispatcher}/1`);
const order = assignment({ id: '00000000-0000-7000-8000-000000000001' });

describe('what the ledger says', () => {
  it('is true once it has been read, and as long as the connection holds', () => {
    const { view, read, goOffline, goOnline } = setUp();
    void view.start();
    expect(view.isCurrent).toBe(false);
    read();
    expect(view.isCurrent).toBe(true);
    goOffline();
    expect(view.isCurrent).toBe(false);
    goOnline(false);
    expect(view.isCurrent).toBe(false);
    read();
    expect(view.isCurrent).toBe(true);
  });

  it('is not true if the connection broke while it was read', () => {
    const { view, read, goOffline } = setUp();
    void view.start();
    goOffline();
    read();
    expect(view.isCurrent).toBe(false);
  });

  it('is true again without another read when the stream is resumed (XEP-0198 section 5)', () => {
    const { view, read, goOffline, goOnline } = setUp();
    void view.start();
    read();
    goOffline();
    goOnline(true);
    expect(view.isCurrent).toBe(true);
  });
});

describe('a sheet that exists by what the dispatcher says', () => {
  it('and was not seen makes the ledger be read again: events were missed', () => {
    const { view, reads, read, publish } = setUp();
    void view.start();
    read(sheet(1, [order], trusted));
    publish(sheet(2, [], trusted));
    view.heardOf({ epoch: 1, sequence: 2 });
    expect(reads()).toBe(0);
    view.heardOf({ epoch: 1, sequence: 3 });
    expect(reads()).toBe(1);
  });

  it('is no reason to read while the connection is broken: that follows anyway', () => {
    const { view, reads, goOffline } = setUp();
    void view.start();
    goOffline();
    view.heardOf({ epoch: 1, sequence: 3 });
    expect(reads()).toBe(0);
  });
});

describe('what is given to this process', () => {
  it('is known from what was read and from events, and what it loses is gone', () => {
    const { view, news, read, publish } = setUp();
    void view.start();
    read(sheet(1, [order], trusted));
    expect([...view.mine.values()]).toEqual([order]);
    const state = { type: 'assigned', lifter: 'lifter-2@localhost/x', since: 2 } as const;
    publish(sheet(2, [{ ...order, revision: 2, state }], trusted));
    expect(view.mine.size).toBe(0);
    expect(news.map(({ isReread, newEpoch }) => ({ isReread, newEpoch }))).toEqual([
      { isReread: true, newEpoch: true },
      { isReread: false, newEpoch: false },
    ]);
  });

  it('is not gone because the sheet that rewrote it was missed: the ledger is read again first', () => {
    const { view, news, reads, read, publish } = setUp();
    void view.start();
    read(sheet(1, [order], trusted));
    // The second sheet has it anew, and is not heard of.
    const third = sheet(3, [], trusted);
    publish({ ...third, value: { ...third.value, floor: 2 } });
    expect([...view.mine.values()]).toEqual([order]);
    expect(news.at(-1)?.gone).toEqual([]);
    expect(reads()).toBe(1);
    // One that the node has lost is missing from what is read, too.
    read({ ...third, value: { ...third.value, floor: 2 } });
    expect([...view.mine.values()]).toEqual([order]);
    const fourth = sheet(4, [], trusted);
    read({ ...fourth, value: { ...fourth.value, floor: 4 } });
    expect(view.mine.size).toBe(0);
  });

  it.each([
    ['another account', parseJid('stranger@localhost/1')],
    ['an account of the same name elsewhere', parseJid('bot@example.org/1')],
    ['nobody whom the service names', undefined],
  ])('is not what %s published', (_who, publisher) => {
    const { view, ignored, read, publish } = setUp();
    void view.start();
    read(sheet(1, [order], publisher));
    publish(sheet(2, [order], publisher));
    expect(view.mine.size).toBe(0);
    expect(ignored).toEqual(['jobs untrusted', 'jobs untrusted']);
  });

  it('is not what a dispatcher says whose time is over', () => {
    const { view, ignored, read, publish } = setUp();
    void view.start();
    const { id: _, ...begun } = sheet(1, [], trusted);
    const epochs = [{ epoch: 2, since: 1 }];
    const value = { ...begun.value, epoch: 2, epochs };
    read({ ...begun, value, id: sheetItemId(value) });
    publish(sheet(2, [order], trusted));
    expect(view.mine.size).toBe(0);
    expect(ignored).toEqual(['jobs stale']);
  });
});
