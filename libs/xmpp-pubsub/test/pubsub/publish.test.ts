import { setTimeout as sleep } from 'node:timers/promises';
import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import {
  connectPubSub,
  type IqRequest,
  type PublishEntry,
  textCodec,
  XmppError,
} from '../../src/index.js';
import { scriptedSession } from './scripted-session.js';
import { itemsAnswer, SERVICE, stanza } from './stanzas.js';

const notes = textCodec('note', 'urn:example:note');

const confirmation = (id: string) =>
  stanza(
    `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='${id}'/></publish></pubsub>`,
  );

const idOf = ({ payload }: IqRequest) =>
  String(payload.getChild('publish')?.getChild('item')?.attrs['id']);

describe('publishing', () => {
  it('asks for exactly what XEP-0060 section 7.1.1 says, and gives the id the service confirmed', async () => {
    const session = scriptedSession(() => confirmation('chosen'));
    const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
    expect(await node.publish('hi', { id: 'mine', timeoutMs: 5 })).toBe('chosen');
    expect(session.requests).toMatchObject([{ type: 'set', to: SERVICE, timeoutMs: 5 }]);
    expect(session.requests[0]?.payload.toString()).toBe(
      '<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="n"><item id="mine"><note xmlns="urn:example:note">hi</note></item></publish></pubsub>',
    );
  });

  it('takes a bare result for the id that was given, and for nothing if none was', async () => {
    const node = connectPubSub(scriptedSession(), { jid: SERVICE }).node('n', notes);
    expect(await node.publish('hi', { id: 'mine' })).toBe('mine');
    await expect(node.publish('hi')).rejects.toMatchObject({ code: 'malformed-answer' });
  });

  it('writes preconditions as publish-options (section 7.1.5)', async () => {
    const session = scriptedSession();
    const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
    await node.publish('hi', { id: 'a', preconditions: { accessModel: 'whitelist' } });
    const options = session.requests[0]?.payload.getChild('publish-options')?.toString();
    expect(options).toContain('http://jabber.org/protocol/pubsub#publish-options');
    expect(options).toContain('<field var="pubsub#access_model"><value>whitelist</value></field>');
  });
});

describe('publishing many', () => {
  const entries = (count: number): PublishEntry<string>[] =>
    Array.from({ length: count }, (_, index) => ({ id: `${index}`, value: 'x' }));

  it('has so many under way at a time, starts them in order, and gives each outcome in its place', async () => {
    let underWay = 0;
    let most = 0;
    const session = scriptedSession(async (request) => {
      most = Math.max(most, ++underWay);
      await sleep(Math.random() * 3);
      underWay -= 1;
      if (idOf(request) === '7') throw new XmppError('stanza-error', 'no');
      return undefined;
    });
    const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
    const outcomes = await node.publishAll(entries(40), { inFlight: 5 });
    expect(most).toBe(5);
    expect(session.requests.map(idOf)).toEqual(entries(40).map(({ id }) => id));
    expect(outcomes).toHaveLength(40);
    expect(outcomes[6]).toEqual({ status: 'fulfilled', value: '6' });
    expect(outcomes[7]).toMatchObject({ status: 'rejected', reason: { code: 'stanza-error' } });
    expect(outcomes[39]).toEqual({ status: 'fulfilled', value: '39' });
  });

  it('takes from an endless source only when there is room, and stops at the signal', async () => {
    let taken = 0;
    async function* endless() {
      for (;;) yield { id: `${taken++}`, value: 'x' };
    }
    const abort = new AbortController();
    const session = scriptedSession(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new XmppError('aborted', 'over')));
        }),
    );
    const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
    const all = node.publishAll(endless(), { inFlight: 3, signal: abort.signal });
    await sleep(5);
    expect(taken).toBe(3);
    abort.abort();
    await expect(all).rejects.toMatchObject({ code: 'aborted' });
    expect(session.requests).toHaveLength(3);
  });

  it('lets what is under way finish when the source fails', async () => {
    let finished = 0;
    const session = scriptedSession(async () => {
      await sleep(2);
      finished += 1;
      return undefined;
    });
    function* failing() {
      yield* entries(2);
      throw new Error('source');
    }
    const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
    await expect(node.publishAll(failing())).rejects.toThrow('source');
    expect(finished).toBe(2);
  });

  it.each([0, -1, 2.5])('cannot have %d under way', async (inFlight) => {
    const node = connectPubSub(scriptedSession(), { jid: SERVICE }).node('n', notes);
    await expect(node.publishAll([], { inFlight })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });
});

describe('reading page by page', () => {
  it('ends with a service that gives the same page for ever', async () => {
    const set = "<set xmlns='http://jabber.org/protocol/rsm'><last>x</last></set>";
    const item = "<item id='a'><note xmlns='urn:example:note'>a</note></item>";
    const session = scriptedSession(() => itemsAnswer('n', item, set));
    const pages: number[] = [];
    const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
    for await (const page of node.pages()) {
      pages.push(page.length);
      if (pages.length > 2) break;
    }
    expect(pages).toEqual([1, 1]);
  });

  it.each([0, 1.5])('cannot have pages of %d', async (pageSize) => {
    const node = connectPubSub(scriptedSession(), { jid: SERVICE }).node('n');
    const first = node.pages({ pageSize })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'invalid-option' });
  });
});

describe('a service', () => {
  it('has to have a JID', () => {
    expect(() => connectPubSub(scriptedSession(), { jid: '@' })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });

  it('says what was wrong with an answer, and shows its beginning', async () => {
    const session = scriptedSession(() => xml('odd', {}, 'x'.repeat(10_000)));
    const node = connectPubSub(session, { jid: SERVICE }).node('n');
    await expect(node.items()).rejects.toThrow(/no <items\/>; the service sent <odd>x{190}/);
    await expect(node.config()).rejects.toMatchObject({ code: 'malformed-answer' });
    await expect(node.subscribe()).rejects.toMatchObject({ code: 'malformed-answer' });
    await expect(node.info()).rejects.toMatchObject({ code: 'malformed-answer' });
  });
});
