import { beforeAll, expect, it } from 'vitest';
import { discoverPubSub, type NodeSummary } from '../../../src/index.js';
import { notes } from './notes.js';
import { describeServers, type Entity } from './servers.js';

describeServers('entity use cases (XEP-0060 section 5)', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  const listed = async (pageSize: number) => {
    const found: NodeSummary[] = [];
    for await (const node of francisco.service.nodes({ pageSize })) found.push(node);
    return found;
  };

  it('5.1 examples 7 and 8: a domain tells which of its services is pubsub, and what it can do', async () => {
    const { services, failed } = await discoverPubSub(francisco.session, server.domain);
    const found = services.find(({ jid }) => jid.toString() === server.pubsub);
    expect(found?.info.identities).toContainEqual(
      expect.objectContaining({ category: 'pubsub', type: 'service' }),
    );
    expect(found?.info.features).toContain('http://jabber.org/protocol/pubsub');
    expect(failed).toEqual([]);
    const features = await francisco.service.features();
    for (const feature of ['publish', 'subscribe', 'retrieve-items', 'instant-nodes']) {
      expect(features).toContain(feature);
    }
  });

  it('5.1: a domain that is not there is an error, not an empty list', async () => {
    await expect(discoverPubSub(francisco.session, 'nowhere.invalid')).rejects.toMatchObject({
      code: 'stanza-error',
    });
  });

  it('5.2 examples 9 and 10: the service lists its nodes, however small the pages', async () => {
    const names = Array.from({ length: 7 }, () => server.nodeName());
    for (const name of names) {
      await hamlet.service.node(name).create({ title: `Title of ${name}` });
    }
    for (const pageSize of [3, 100]) {
      const found = await listed(pageSize);
      expect(found).toHaveLength(new Set(found.map(({ node }) => node)).size);
      expect(found).toEqual(
        expect.arrayContaining(names.map((node) => ({ node, name: `Title of ${node}` }))),
      );
    }
  });

  it('5.3 examples 11 and 12, 5.4 examples 13 and 14: a node says what it is', async () => {
    const name = server.nodeName();
    await hamlet.service.node(name).create({ title: 'Princely Musings', description: 'Atom' });
    const info = await francisco.service.node(name).info();
    expect(info).toMatchObject({
      kind: 'leaf',
      metadata: { title: 'Princely Musings', description: 'Atom' },
    });
    await server.check(
      'metadata',
      async () => {
        expect(info.metadata).toMatchObject({ owners: [hamlet.bareJid], subscribers: 0 });
      },
      async () => expect(info.metadata).not.toHaveProperty('owners'),
    );
  });

  it('5.3: a node that is not there is `item-not-found`', async () => {
    await expect(francisco.service.node('nothing').info()).rejects.toMatchObject({
      code: 'stanza-error',
      stanza: { condition: 'item-not-found' },
    });
  });

  it('5.5 example 15: a node lists the ids of its items', async () => {
    const name = server.nodeName();
    const node = hamlet.service.node(name, notes);
    await node.create();
    for (const id of ['a', 'b', 'c']) await node.publish('text', { id });
    const ids = await francisco.service.node(name).itemIds();
    await server.check(
      'item-ids',
      async () => expect(ids).toEqual(['a', 'b', 'c']),
      async () => expect(ids).toEqual(['c', 'b', 'a']),
    );
  });

  it('5.6 examples 16 to 21: an entity asks for its subscriptions, to all nodes or to one', async () => {
    const names = [server.nodeName(), server.nodeName()];
    for (const name of names) {
      await hamlet.service.node(name).create();
      await francisco.service.node(name).subscribe();
    }
    const all = await francisco.service.subscriptions();
    expect(all.map(({ node }) => node).sort()).toEqual([...names].sort());
    const [one] = names;
    const own = await francisco.service.node(one ?? '').ownSubscriptions();
    expect(own).toMatchObject([{ node: one, state: 'subscribed' }]);
    expect(own[0]?.jid.toString()).toBe(francisco.bareJid);
    expect(await hamlet.service.subscriptions()).toEqual([]);
  });

  it('5.7 examples 22 to 27: an entity asks for its affiliations, with all nodes or with one', async () => {
    const name = server.nodeName();
    await hamlet.service.node(name).create();
    await server.check('own-affiliations', async () => {
      const all = await hamlet.service.affiliations();
      expect(all).toContainEqual(expect.objectContaining({ node: name, affiliation: 'owner' }));
      expect(await hamlet.service.node(name).ownAffiliation()).toBe('owner');
      expect(await francisco.service.node(name).ownAffiliation()).toBe('none');
    });
  });
});
