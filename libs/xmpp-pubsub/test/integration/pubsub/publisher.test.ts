import { beforeAll, expect, it } from 'vitest';
import type { NodeConfig } from '../../../src/index.js';
import { notes } from './notes.js';
import { publishedIds, record } from './recording.js';
import { describeServers, type Entity, refusal } from './servers.js';

describeServers('publisher use cases (XEP-0060 section 7)', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  /** A new node as its owner and as a subscriber see it. */
  const newNode = async (config: NodeConfig = {}) => {
    const name = server.nodeName();
    const own = hamlet.service.node(name, notes);
    await own.create({ accessModel: 'open', sendLastPublishedItem: 'never', ...config });
    const foreign = francisco.service.node(name, notes);
    const recording = record(foreign);
    await foreign.subscribe();
    return { name, own, foreign, recording };
  };

  it('7.1.1 examples 96 to 99: the service confirms the id given, or makes one up', async () => {
    const { own, foreign } = await newNode();
    expect(await own.publish('with', { id: 'bnd81g37d61f49fgn581' })).toBe('bnd81g37d61f49fgn581');
    const made = await own.publish('without');
    expect(made).not.toBe('');
    expect(await foreign.items({ ids: [made] })).toMatchObject([{ id: made, value: 'without' }]);
  });

  it('7.1.2.1 example 100: subscribers get the payload, item by item, in order', async () => {
    const { own, recording } = await newNode();
    const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
    await own.publishAll(ids.map((id) => ({ id, value: `text ${id}` })));
    await recording.until((events) => publishedIds(events).length === 50);
    expect(publishedIds(recording.events)).toEqual(ids);
    expect(recording.events[7]).toMatchObject({ items: [{ value: 'text 7' }] });
  });

  it('7.1.2.2 example 101: or only the id, if the node says so', async () => {
    const { own, recording } = await newNode({ deliverPayloads: false });
    await own.publish('unseen', { id: 'seen' });
    expect(await recording.first('published')).toMatchObject({
      items: [],
      withoutPayload: ['seen'],
    });
  });

  it('7.1.2.3 examples 102 and 103: items name their publisher', async () => {
    const { own, foreign, recording } = await newNode({ itemReply: 'publisher' });
    await own.publish('whose');
    const [item] = await foreign.items();
    const [told] = (await recording.first('published')).items;
    for (const each of [item, told]) {
      await server.check(
        'full-publisher',
        async () => expect(each?.publisher?.toString()).toBe(hamlet.session.jid?.toString()),
        async () => expect(each?.publisher?.toString()).toBe(hamlet.bareJid),
      );
    }
  });

  it('7.1.2.5: a full node lets the oldest item go', async () => {
    const { own, foreign, recording } = await newNode({ maxItems: 2, notifyRetract: true });
    for (const id of ['a', 'b', 'c']) await own.publish(id, { id });
    expect((await foreign.items()).map(({ id }) => id)).toEqual(['b', 'c']);
    await server.check(
      'pushed-out',
      async () => expect(await recording.first('retracted')).toMatchObject({ ids: ['a'] }),
      async () => {
        await own.retract('c');
        expect(await recording.first('retracted')).toMatchObject({ ids: ['c'] });
      },
    );
  });

  it('7.1: an item published again takes the place of the old one', async () => {
    const { own, foreign, recording } = await newNode();
    await own.publish('old', { id: 'same' });
    await own.publish('new', { id: 'same' });
    expect(await foreign.items()).toMatchObject([{ id: 'same', value: 'new' }]);
    await recording.until((events) => publishedIds(events).length === 2);
  });

  it('7.1.3.1 example 105: whoever may not publish is `forbidden` to, until he may', async () => {
    const { own, foreign } = await newNode({ publishModel: 'publishers' });
    await expect(foreign.publish('x')).rejects.toMatchObject({
      code: 'stanza-error',
      stanza: { type: 'auth', condition: 'forbidden' },
    });
    await own.setAffiliations([{ jid: francisco.bareJid, affiliation: 'publisher' }]);
    await foreign.publish('now', { id: 'now' });
    expect(await own.items()).toMatchObject([{ id: 'now', value: 'now' }]);
  });

  it('7.1.3.3 example 107: to publish to a node that is not there is `item-not-found`', async () => {
    const missing = francisco.service.node(server.nodeName(), notes);
    await server.check(
      'publish-to-missing',
      () => refusal(() => missing.publish('x'), 'item-not-found'),
      async () => expect(await missing.publish('x', { id: 'x' })).toBe('x'),
    );
  });

  it('7.1.5 example 114: a publish with preconditions is refused if they are not met', async () => {
    const { own } = await newNode();
    await own.publish('open', { id: 'open', preconditions: { accessModel: 'open' } });
    await expect(
      own.publish('secret', { preconditions: { accessModel: 'whitelist' } }),
    ).rejects.toMatchObject({
      stanza: { condition: 'conflict', pubsubCondition: 'precondition-not-met' },
    });
    expect((await own.items()).map(({ id }) => id)).toEqual(['open']);
  });

  it('7.2 examples 115 to 117: a retracted item is gone, and subscribers hear of it', async () => {
    const { own, foreign, recording } = await newNode({ notifyRetract: true });
    await own.publish('x', { id: 'ae890ac52d0df67ed7cfdf51b644e901' });
    await own.retract('ae890ac52d0df67ed7cfdf51b644e901');
    expect(await recording.first('retracted')).toMatchObject({
      ids: ['ae890ac52d0df67ed7cfdf51b644e901'],
    });
    expect(await foreign.items()).toEqual([]);
  });

  it('7.2.2.1: a retraction can be made in silence', async () => {
    const { own, recording } = await newNode({ notifyRetract: true });
    await own.publish('x', { id: 'quiet' });
    await own.retract('quiet', { notify: false });
    await own.publish('x', { id: 'loud' });
    await own.retract('loud', { notify: true });
    const told = await recording.first('retracted');
    await server.check(
      'silent-retraction',
      async () => expect(told.ids).toEqual(['loud']),
      async () => expect(told.ids).toEqual(['quiet']),
    );
  });

  it('7.2.3.1 example 119, 7.2.3.2 example 120: not by everybody, and not what is not there', async () => {
    const { own, foreign } = await newNode();
    await own.publish('x', { id: 'mine' });
    await expect(foreign.retract('mine')).rejects.toMatchObject({
      stanza: { condition: 'forbidden' },
    });
    await expect(own.retract('nothing')).rejects.toMatchObject({
      stanza: { condition: 'item-not-found' },
    });
  });
});
