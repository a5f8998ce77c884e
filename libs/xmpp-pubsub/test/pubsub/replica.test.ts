import type { Element } from '@xmpp/xml';
import { describe, expect, it, vi } from 'vitest';
import {
  connectPubSub,
  type IqRequest,
  type ReplicaOptions,
  textCodec,
  XmppError,
} from '../../src/index.js';
import { parseJid } from '../../src/jid.js';
import { scriptedSession } from './scripted-session.js';
import { event, itemsAnswer, SERVICE, stanza } from './stanzas.js';

const notes = textCodec('note', 'urn:example:note');
const item = (id: string, text = id) =>
  `<item id='${id}'><note xmlns='urn:example:note'>${text}</note></item>`;
const published = (id: string, text?: string) => event(`<items node='n'>${item(id, text)}</items>`);
const retracted = (id: string) => event(`<items node='n'><retract id='${id}'/></items>`);
const online = (resumed: boolean) => ({ jid: parseJid('me@example.org/here'), resumed });

const subscribed = stanza(
  "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscription node='n' jid='me@example.org' subscription='subscribed'/></pubsub>",
);

interface Call {
  readonly request: IqRequest;
  answer(element: Element): void;
  fail(error: XmppError): void;
}

/** A replica whose reads the test answers by hand, and what its observer was told, as lines. */
function observed(options: ReplicaOptions = {}) {
  const calls: Call[] = [];
  const session = scriptedSession(
    (request) =>
      new Promise((answer, fail) => {
        calls.push({ request, answer, fail });
      }),
  );
  const service = connectPubSub(session, { jid: SERVICE });
  const told: string[] = [];
  const replica = service.node('n', notes).replicate(
    {
      reset: (items) => told.push(`reset ${items.map(({ id, value }) => `${id}=${value}`)}`),
      event: (each) => {
        if (each.type === 'published') {
          told.push(`published ${each.items.map(({ id, value }) => `${id}=${value}`)}`);
        } else if (each.type === 'retracted') told.push(`retracted ${each.ids}`);
        else told.push(each.type);
      },
      failed: (error) => told.push(`failed ${error instanceof XmppError ? error.code : error}`),
    },
    { backoff: { initialMs: 1, maxMs: 5 }, ...options },
  );
  /** Waits for the nth read. */
  const call = async (index: number): Promise<Call> => {
    await vi.waitUntil(() => calls.length > index);
    const found = calls[index];
    if (found === undefined) throw new Error(`there is no read ${index}`);
    return found;
  };
  return { session, service, replica, told, calls, call };
}

describe('a replica', () => {
  it('listens before it reads, and applies to the first reset what events said meanwhile', async () => {
    const { session, replica, told, call } = observed();
    const { answer } = await call(0);
    session.emit('stanza', published('c'));
    session.emit('stanza', retracted('a'));
    session.emit('stanza', published('b', 'newer'));
    answer(itemsAnswer('n', item('a') + item('b')));
    await replica.ready;
    expect(told).toEqual(['reset c=c,b=newer']);
    session.emit('stanza', published('d'));
    session.emit('stanza', retracted('c'));
    expect(told.slice(1)).toEqual(['published d=d', 'retracted c']);
    await replica.stop();
  });

  it('forgets what it read when a purge comes meanwhile, and keeps what came after it', async () => {
    const { session, replica, told, call } = observed();
    const { answer } = await call(0);
    session.emit('stanza', published('a'));
    session.emit('stanza', event("<purge node='n'/>"));
    session.emit('stanza', published('b'));
    answer(itemsAnswer('n', item('a') + item('z')));
    await replica.ready;
    expect(told).toEqual(['reset b=b']);
    await replica.stop();
  });

  it('passes on after the first reset what is not about items', async () => {
    const { session, replica, told, call } = observed();
    const { answer } = await call(0);
    session.emit('stanza', event("<configuration node='n'/>"));
    answer(itemsAnswer('n', item('a')));
    await replica.ready;
    expect(told).toEqual(['reset a=a', 'configured']);
    await replica.stop();
  });

  it('reads page by page (XEP-0060 section 6.5.4)', async () => {
    const { replica, told, call } = observed({ pageSize: 2 });
    const set = (last: string) =>
      `<set xmlns='http://jabber.org/protocol/rsm'><first index='0'>x</first><last>${last}</last><count>3</count></set>`;
    (await call(0)).answer(itemsAnswer('n', item('a') + item('b'), set('2')));
    const second = await call(1);
    expect(second.request.payload.toString()).toContain('<max>2</max><after>2</after>');
    second.answer(itemsAnswer('n', item('c'), set('3')));
    await replica.ready;
    expect(told).toEqual(['reset a=a,b=b,c=c']);
    await replica.stop();
  });

  it('reads again after a break, but not after a resumed stream', async () => {
    const { session, replica, told, calls, call } = observed();
    (await call(0)).answer(itemsAnswer('n', item('a')));
    await replica.ready;
    session.emit('online', online(true));
    session.emit('stanza', published('b'));
    expect(calls).toHaveLength(1);
    session.emit('online', online(false));
    (await call(1)).answer(itemsAnswer('n', item('c')));
    await vi.waitUntil(() => told.length === 3);
    expect(told).toEqual(['reset a=a', 'published b=b', 'reset c=c']);
    await replica.stop();
  });

  it('passes events on while it reads again, and has them in the reset too', async () => {
    const { session, replica, told, call } = observed();
    (await call(0)).answer(itemsAnswer('n', item('a')));
    await replica.ready;
    const refreshed = replica.refresh();
    const { answer } = await call(1);
    session.emit('stanza', published('b'));
    answer(itemsAnswer('n', item('a')));
    await refreshed;
    expect(told).toEqual(['reset a=a', 'published b=b', 'reset a=a,b=b']);
    await replica.stop();
  });

  it('reads once more when it is asked to during a read, and once for many who ask', async () => {
    const { replica, told, calls, call } = observed();
    const { answer } = await call(0);
    const refreshed = [replica.refresh(), replica.refresh()];
    answer(itemsAnswer('n', item('a')));
    await replica.ready;
    (await call(1)).answer(itemsAnswer('n', item('b')));
    await Promise.all(refreshed);
    expect(told).toEqual(['reset a=a', 'reset b=b']);
    expect(calls).toHaveLength(2);
    await replica.stop();
  });

  it('says when a read failed, and tries again until it succeeds', async () => {
    const { replica, told, call } = observed();
    (await call(0)).fail(new XmppError('timeout', 'no answer'));
    (await call(1)).answer(event('<wrong/>'));
    (await call(2)).answer(itemsAnswer('n', item('a')));
    await replica.ready;
    expect(told).toEqual(['failed timeout', 'failed malformed-answer', 'reset a=a']);
    await replica.stop();
  });

  it('waits for a session that is not online, and reads when it is', async () => {
    const { session, replica, told, call } = observed({
      backoff: { initialMs: 60_000, maxMs: 60_000 },
    });
    (await call(0)).fail(new XmppError('not-online', 'not yet'));
    await new Promise(setImmediate);
    session.emit('online', online(false));
    (await call(1)).answer(itemsAnswer('n', item('a')));
    await replica.ready;
    expect(told).toEqual(['reset a=a']);
    await replica.stop();
  });

  it('keeps a bounded number of changes during a read, and past it reads again', async () => {
    const { session, replica, told, call } = observed({ maxPending: 3 });
    const { answer } = await call(0);
    for (const id of ['a', 'b', 'c', 'd', 'a']) session.emit('stanza', published(id));
    answer(itemsAnswer('n', item('stale')));
    const second = await call(1);
    // Many events of few items are not many changes.
    for (let round = 0; round < 100; round++) session.emit('stanza', published('e', `${round}`));
    second.answer(itemsAnswer('n', item('a')));
    await replica.ready;
    expect(told).toEqual(['reset a=a,e=99']);
    await replica.stop();
  });

  it('reads again when events bring ids without payloads', async () => {
    const { session, replica, told, call } = observed();
    (await call(0)).answer(itemsAnswer('n', item('a')));
    await replica.ready;
    session.emit('stanza', event("<items node='n'><item id='b'/></items>"));
    (await call(1)).answer(itemsAnswer('n', item('a') + item('b')));
    await vi.waitUntil(() => told.length === 3);
    expect(told).toEqual(['reset a=a', 'published ', 'reset a=a,b=b']);
    await replica.stop();
  });

  it('waits for a node that was deleted to be made anew', async () => {
    const { session, replica, told, call } = observed({ subscribe: true });
    (await call(0)).fail(new XmppError('stanza-error', 'item-not-found'));
    const first = await call(1);
    expect(first.request.payload.toString()).toContain(
      '<subscribe node="n" jid="me@example.org"/>',
    );
    first.answer(subscribed);
    (await call(2)).answer(itemsAnswer('n', item('a')));
    await replica.ready;
    session.emit('stanza', event("<delete node='n'/>"));
    (await call(3)).answer(subscribed);
    (await call(4)).answer(itemsAnswer('n', ''));
    await vi.waitUntil(() => told.length === 4);
    expect(told).toEqual(['failed stanza-error', 'reset a=a', 'deleted', 'reset ']);
    await replica.stop();
  });

  it('outlives an observer that throws', async () => {
    const session = scriptedSession(() => itemsAnswer('n', item('a')));
    const warn = vi.fn();
    const service = connectPubSub(session, { jid: SERVICE, log: { debug: vi.fn(), warn } });
    const fail = () => {
      throw new Error('mine');
    };
    const replica = service.node('n', notes).replicate({ reset: fail, event: fail });
    await replica.ready;
    session.emit('stanza', published('b'));
    expect(warn).toHaveBeenCalledTimes(2);
    await replica.stop();
  });

  it('says nothing after it was stopped, leaves no listener, and tells whoever waits', async () => {
    const { session, replica, told, call } = observed();
    const { answer, request } = await call(0);
    const stopped = replica.stop();
    expect(request.signal?.aborted).toBe(true);
    answer(itemsAnswer('n', item('a')));
    await stopped;
    await expect(replica.ready).rejects.toMatchObject({ code: 'stopped' });
    await expect(replica.refresh()).rejects.toMatchObject({ code: 'stopped' });
    session.emit('stanza', published('b'));
    session.emit('online', online(false));
    await replica.stop();
    expect(told).toEqual([]);
    expect(session.listening).toBe(0);
  });

  it('ends with the session, with the reason for whoever waits', async () => {
    const given = observed();
    const error = new XmppError('conflict', 'another took this JID');
    given.session.emit('giving-up', { error });
    (await given.call(0)).fail(new XmppError('stopped', 'over'));
    await expect(given.replica.ready).rejects.toBe(error);

    const stopped = observed();
    (await stopped.call(0)).fail(new XmppError('stopped', 'over'));
    await expect(stopped.replica.ready).rejects.toMatchObject({ code: 'stopped' });
    expect(stopped.session.listening).toBe(0);
  });
});
