import { beforeAll, expect, it } from 'vitest';
import type { NodeConfig } from '../../../src/index.js';
import { notes } from './notes.js';
import { record } from './recording.js';
import { describeServers, type Entity, refusal } from './servers.js';

describeServers('subscriber use cases (XEP-0060 section 6)', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  /** A new node as its owner and as a stranger see it. */
  const newNode = async (config: NodeConfig = {}) => {
    const name = server.nodeName();
    const own = hamlet.service.node(name, notes);
    await own.create({ accessModel: 'open', sendLastPublishedItem: 'never', ...config });
    return { name, own, foreign: francisco.service.node(name, notes) };
  };

  it('6.1 examples 28 and 29: an entity subscribes, and hears of what is published', async () => {
    const { name, own, foreign } = await newNode();
    const recording = record(foreign);
    const subscription = await foreign.subscribe();
    expect(subscription).toMatchObject({ node: name, state: 'subscribed' });
    expect(subscription.jid.toString()).toBe(francisco.bareJid);
    await own.publish('to be', { id: 'first' });
    expect(await recording.first('published')).toMatchObject({
      node: name,
      items: [{ id: 'first', value: 'to be' }],
    });
    recording.stop();
  });

  it('6.1.3.1 example 30: nobody subscribes somebody else', async () => {
    const { foreign } = await newNode();
    await server.check('foreign-jid', () =>
      refusal(() => foreign.subscribe({ jid: hamlet.bareJid }), 'bad-request', 'invalid-jid'),
    );
  });

  it('6.1.3.4 example 33: a node with a whitelist refuses whoever is not on it, until it is', async () => {
    const { own, foreign } = await newNode({ accessModel: 'whitelist' });
    await expect(foreign.subscribe()).rejects.toMatchObject({ code: 'stanza-error' });
    await expect(foreign.items()).rejects.toMatchObject({ code: 'stanza-error' });
    await own.setAffiliations([{ jid: francisco.bareJid, affiliation: 'member' }]);
    expect(await foreign.subscribe()).toMatchObject({ state: 'subscribed' });
    expect(await foreign.items()).toEqual([]);
  });

  it('6.1.3.12 example 41, 6.2.3.4, 6.5.9.11: what is not there is `item-not-found`', async () => {
    const missing = francisco.service.node(server.nodeName());
    for (const act of [missing.subscribe, missing.unsubscribe, missing.items]) {
      await refusal(act, 'item-not-found');
    }
  });

  it('6.1.7 example 46: a new subscriber gets the last item, with the time it was published', async () => {
    const { own, foreign } = await newNode({ sendLastPublishedItem: 'on_sub' });
    await own.publish('older');
    await own.publish('newest', { id: 'newest' });
    const recording = record(foreign);
    await foreign.subscribe();
    const event = await recording.first('published');
    expect(event.items).toMatchObject([{ id: 'newest', value: 'newest' }]);
    await server.check(
      'last-item',
      async () => {
        expect(event.delayedSince?.getTime()).toBeGreaterThan(Date.now() - 60_000);
        expect(event.delayedSince?.getTime()).toBeLessThan(Date.now() + 60_000);
      },
      async () => expect(event.delayedSince).toBeUndefined(),
    );
    recording.stop();
  });

  it('6.2 examples 47 and 48: whoever unsubscribes hears no more', async () => {
    const { own, foreign } = await newNode();
    const recording = record(foreign);
    const { id } = await foreign.subscribe();
    await foreign.unsubscribe(id === undefined ? {} : { subscriptionId: id });
    expect(await foreign.ownSubscriptions()).toEqual([]);
    await own.publish('unheard');
    // Whatever came, came before the answer to a later request on the same stream.
    await foreign.items();
    expect(recording.events.filter(({ type }) => type === 'published')).toEqual([]);
    recording.stop();
  });

  it('6.2.3.2 example 50: one cannot end a subscription one has not', async () => {
    const { foreign } = await newNode();
    await refusal(() => foreign.unsubscribe(), 'unexpected-request', 'not-subscribed');
  });

  it('6.3 examples 55 to 65: options of a subscription are read and set', async () => {
    const { foreign } = await newNode();
    await foreign.subscribe();
    await server.check('subscription-options', async () => {
      expect((await foreign.subscriptionOptions()).includeBody).not.toBe(true);
      await foreign.configureSubscription({ includeBody: true });
      expect(await foreign.subscriptionOptions()).toMatchObject({ includeBody: true });
    });
  });

  it('6.3.7 examples 67 and 68: options are set while subscribing', async () => {
    const { foreign } = await newNode();
    expect(await foreign.subscribe({ options: { includeBody: true } })).toMatchObject({
      state: 'subscribed',
    });
    await server.check(
      'subscribe-and-configure',
      async () => expect(await foreign.subscriptionOptions()).toMatchObject({ includeBody: true }),
      async () => expect(foreign.subscriptionOptions()).rejects.toThrow(),
    );
  });

  it('6.4 examples 69 to 71: the options that subscriptions get by default', async () => {
    const { name } = await newNode();
    await server.check('default-subscription-options', () =>
      francisco.service.defaultSubscriptionOptions({ node: name }),
    );
    await server.check('default-subscription-options', () =>
      francisco.service.defaultSubscriptionOptions(),
    );
  });

  it('6.5.2 example 74, 6.5.3 example 75: all items, oldest first', async () => {
    const { own, foreign } = await newNode();
    for (const id of ['a', 'b', 'c']) await own.publish(`text of ${id}`, { id });
    expect(await foreign.items()).toMatchObject([
      { id: 'a', value: 'text of a' },
      { id: 'b', value: 'text of b' },
      { id: 'c', value: 'text of c' },
    ]);
  });

  it('6.5.4 example 76: all items page by page, none missed, none twice', async () => {
    const { own, foreign } = await newNode({ maxItems: 200 });
    const ids = Array.from({ length: 103 }, (_, index) => `item ${index}`);
    await own.publishAll(ids.map((id) => ({ id, value: id })));
    const pages: string[][] = [];
    for await (const page of foreign.pages({ pageSize: 10 })) pages.push(page.map(({ id }) => id));
    expect(pages.flat().sort()).toEqual([...ids].sort());
    await server.check(
      'paging',
      async () => expect(pages.map(({ length }) => length)).toEqual([...Array(10).fill(10), 3]),
      // The first page is cut short by `max_items`, and then come the others by their ids.
      async () => expect(pages.map(({ length }) => length)).toEqual([...Array(10).fill(10), 3]),
    );
  });

  it('6.5.7 examples 80 to 82: the newest items, or none', async () => {
    const { own, foreign } = await newNode();
    expect(await foreign.items({ max: 2 })).toEqual([]);
    for (const id of ['a', 'b', 'c']) await own.publish(id, { id });
    expect((await foreign.items({ max: 2 })).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('6.5.8 example 83: items by id; those that are not there are left out', async () => {
    const { own, foreign } = await newNode();
    for (const id of ['a', 'b', 'c']) await own.publish(id, { id });
    const some = await foreign.items({ ids: ['a', 'c'] });
    expect(some.map(({ id }) => id).sort()).toEqual(['a', 'c']);
    expect(await foreign.items({ ids: ['nothing'] })).toEqual([]);
  });
});
