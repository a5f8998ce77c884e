import { beforeAll, expect, it } from 'vitest';
import type { NodeConfig, SubscriptionRequest } from '../../../src/index.js';
import { notes } from './notes.js';
import { record } from './recording.js';
import { describeServers, type Entity, refusal } from './servers.js';

describeServers('owner use cases (XEP-0060 section 8)', (server) => {
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

  it('8.1.1 examples 125 to 129: a node is made once', async () => {
    const node = hamlet.service.node(server.nodeName());
    await node.create();
    await expect(node.create()).rejects.toMatchObject({
      stanza: { type: 'cancel', condition: 'conflict' },
    });
    await expect(francisco.service.node(node.name).create()).rejects.toMatchObject({
      stanza: { condition: 'conflict' },
    });
  });

  it('8.1.1 examples 131 and 132: the service chooses the name of an instant node', async () => {
    const plain = await hamlet.service.createInstant();
    const node = await hamlet.service.createInstant({ config: { title: 'x' }, codec: notes });
    expect(node.name).not.toBe(plain.name);
    expect(await node.config()).toMatchObject({ title: 'x' });
    await node.publish('typed', { id: 'a' });
    expect(await node.items()).toMatchObject([{ value: 'typed' }]);
  });

  it('8.1.2 example 134: a node for whom its owner approves', async () => {
    await server.check('authorize-model', async () => {
      const node = hamlet.service.node(server.nodeName());
      await node.create({ accessModel: 'authorize' });
      expect(await node.config()).toMatchObject({ accessModel: 'authorize' });
    });
  });

  it('8.1.3 examples 137 and 138, 8.2.1 examples 139 and 140: a node is what it was made as', async () => {
    const wanted: NodeConfig = {
      title: 'Princely Musings (Atom)',
      accessModel: 'whitelist',
      publishModel: 'open',
      persistItems: true,
      maxItems: 20,
      deliverPayloads: false,
      notifyRetract: true,
      notifyDelete: true,
      sendLastPublishedItem: 'never',
      notificationType: 'headline',
    };
    const node = hamlet.service.node(server.nodeName());
    await node.create(wanted);
    expect(await node.config()).toMatchObject(wanted);
  });

  it('8.2.3.2 example 142: only the owner configures it', async () => {
    const { foreign } = await newNode();
    await expect(foreign.config()).rejects.toMatchObject({ stanza: { condition: 'forbidden' } });
    await expect(foreign.configure({ title: 'mine' })).rejects.toMatchObject({
      stanza: { condition: 'forbidden' },
    });
  });

  it('8.2.3.5 example 145: a node that is not there has no configuration', async () => {
    await server.check('missing-config', () =>
      refusal(() => hamlet.service.node(server.nodeName()).config(), 'item-not-found'),
    );
  });

  it('8.2.4 example 146, 8.2.5.1 example 148: some fields change, the others stay', async () => {
    const { own } = await newNode({ title: 'old', maxItems: 7 });
    const before = await own.config();
    await own.configure({ title: 'new', publishModel: 'open' });
    expect(await own.config()).toEqual({ ...before, title: 'new', publishModel: 'open' });
  });

  it('8.2.5.2: fields that the service does not know are kept apart', async () => {
    const { own } = await newNode();
    await server.check('unknown-fields', async () => {
      await own.configure({ title: 'new', other: { 'urn:example#field': ['x'] } });
      expect(await own.config()).toMatchObject({ title: 'new' });
    });
  });

  it('8.2.5.2 example 149: a value that makes no sense is refused', async () => {
    const { own } = await newNode();
    await expect(
      own.configure({ other: { 'pubsub#access_model': ['magic'] } }),
    ).rejects.toMatchObject({ code: 'stanza-error' });
  });

  it('8.2.5.3 examples 150 and 151: subscribers hear of a new configuration', async () => {
    const { own, recording } = await newNode({ notifyConfig: true, notifyDelete: true });
    await own.configure({ title: 'told' });
    await server.check(
      'configured-event',
      async () => {
        expect(await recording.first('configured')).toMatchObject({ config: { title: 'told' } });
      },
      async () => {
        await own.delete();
        await recording.first('deleted');
        expect(recording.events.map(({ type }) => type)).not.toContain('configured');
      },
    );
  });

  it('8.3 examples 152 to 154: what a new node is, unless told otherwise', async () => {
    expect(await hamlet.service.defaultConfig()).toMatchObject({
      accessModel: 'open',
      publishModel: 'publishers',
      persistItems: true,
    });
  });

  it('8.4 examples 157 to 160: a deleted node is gone, and subscribers hear where to', async () => {
    const { own, foreign, recording } = await newNode({ notifyDelete: true });
    const redirect = `xmpp:${server.pubsub}?;node=elsewhere`;
    await own.delete({ redirect });
    const told = await recording.first('deleted');
    await server.check(
      'redirect',
      async () => expect(told).toMatchObject({ redirect }),
      async () => expect(told).not.toHaveProperty('redirect'),
    );
    await expect(foreign.items()).rejects.toMatchObject({
      stanza: { condition: 'item-not-found' },
    });
  });

  it('8.4.3.1 example 161, 8.5.3.2 example 167: only the owner deletes and purges', async () => {
    const { foreign } = await newNode();
    for (const act of [foreign.delete, foreign.purge]) {
      await expect(act()).rejects.toMatchObject({ stanza: { condition: 'forbidden' } });
    }
  });

  it('8.5 examples 163 to 165: a purged node is empty, and subscribers hear of it', async () => {
    const { own, foreign, recording } = await newNode({ notifyRetract: true });
    await own.publishAll(['a', 'b'].map((value) => ({ value })));
    await own.purge();
    await recording.first('purged');
    expect(await foreign.items()).toEqual([]);
  });

  it('8.6 examples 170 to 174: owners approve and deny subscriptions', async () => {
    await server.check('approval', async () => {
      for (const verdict of ['approve', 'deny'] as const) {
        const own = hamlet.service.node(server.nodeName(), notes);
        await own.create({ accessModel: 'authorize' });
        const foreign = francisco.service.node(own.name, notes);
        const recording = record(foreign);
        const asked = new Promise<SubscriptionRequest>((resolve) => {
          const unlisten = hamlet.service.onSubscriptionRequest((request) => {
            unlisten();
            resolve(request);
          });
        });
        expect(await foreign.subscribe()).toMatchObject({ state: 'pending' });
        const request = await asked;
        expect(request.node).toBe(own.name);
        expect(request.subscriber.toString()).toBe(francisco.bareJid);
        await request[verdict]();
        expect(await recording.first('subscription')).toMatchObject({
          state: verdict === 'approve' ? 'subscribed' : 'none',
        });
        expect(await own.subscribers()).toHaveLength(verdict === 'approve' ? 1 : 0);
        recording.stop();
      }
    });
  });

  it('8.7 examples 176, 177, 182 and 183: owners find the requests that wait', async () => {
    await server.check('approval', async () => {
      const own = hamlet.service.node(server.nodeName());
      await own.create({ accessModel: 'authorize' });
      await francisco.service.node(own.name).subscribe();
      expect(await hamlet.service.pendingNodes()).toContain(own.name);
      const again = new Promise<SubscriptionRequest>((resolve) => {
        hamlet.service.onSubscriptionRequest(resolve);
      });
      await hamlet.service.resendPending(own.name);
      expect((await again).node).toBe(own.name);
    });
  });

  it('8.8.1 examples 184 and 185: the owner sees who is subscribed', async () => {
    const { name, own } = await newNode();
    const subscribers = await own.subscribers();
    expect(subscribers).toMatchObject([{ node: name, state: 'subscribed' }]);
    expect(subscribers[0]?.jid.toString()).toBe(francisco.bareJid);
    await server.check(
      'pending-listed',
      async () => {
        const closed = hamlet.service.node(server.nodeName());
        await closed.create({ accessModel: 'authorize' });
        await francisco.service.node(closed.name).subscribe();
        expect(await closed.subscribers()).toMatchObject([{ state: 'pending' }]);
      },
      async () => {
        const closed = hamlet.service.node(server.nodeName());
        await closed.create({ accessModel: 'authorize' });
        await francisco.service.node(closed.name).subscribe();
        expect(await closed.subscribers()).toEqual([]);
      },
    );
  });

  it('8.8.2 examples 189 and 190, 8.8.4 example 196: the owner subscribes and unsubscribes others', async () => {
    const { own, foreign, recording } = await newNode();
    await own.setSubscriptions([{ jid: francisco.bareJid, state: 'none' }]);
    expect(await foreign.ownSubscriptions()).toEqual([]);
    await own.setSubscriptions([{ jid: francisco.bareJid, state: 'subscribed' }]);
    expect(await foreign.ownSubscriptions()).toMatchObject([{ state: 'subscribed' }]);
    await own.publish('after', { id: 'after' });
    await recording.first('published');
    const states = recording.events.flatMap((event) =>
      event.type === 'subscription' ? [event.state] : [],
    );
    await server.check(
      'subscription-event',
      async () => expect(states).toEqual(['none', 'subscribed']),
      async () => expect(states).toEqual([]),
    );
  });

  it('8.9 examples 197, 198, 202 and 203: the owner says who may do what', async () => {
    const { own } = await newNode();
    const others = ['a', 'b', 'c'].map((name) => `${name}@${server.domain}`);
    const affiliated = async () =>
      Object.fromEntries(
        (await own.affiliations()).map(({ jid, affiliation }) => [jid.toString(), affiliation]),
      );
    await own.setAffiliations([
      { jid: others[0] ?? '', affiliation: 'publisher' },
      { jid: others[1] ?? '', affiliation: 'member' },
      { jid: others[2] ?? '', affiliation: 'owner' },
    ]);
    const all = { [hamlet.bareJid]: 'owner', [`a@${server.domain}`]: 'publisher' };
    expect(await affiliated()).toEqual({
      ...all,
      [`b@${server.domain}`]: 'member',
      [`c@${server.domain}`]: 'owner',
    });
    await own.setAffiliations(
      others.slice(1).map((jid) => ({ jid, affiliation: 'none' as const })),
    );
    expect(await affiliated()).toEqual(all);
  });

  it('8.9.2: an outcast neither reads nor subscribes', async () => {
    const { own, foreign } = await newNode();
    await server.check('outcast', async () => {
      await own.setAffiliations([{ jid: francisco.bareJid, affiliation: 'outcast' }]);
      for (const act of [foreign.items, foreign.subscribe]) {
        await expect(act()).rejects.toMatchObject({ stanza: { condition: 'forbidden' } });
      }
    });
  });

  it('8.9.2.3.3 example 206, 8.8.2.3.2 example 192: nobody but the owner manages', async () => {
    const { foreign } = await newNode();
    const jid = francisco.bareJid;
    const attempts = [
      () => foreign.affiliations(),
      () => foreign.setAffiliations([{ jid, affiliation: 'owner' }]),
      () => foreign.subscribers(),
      () => foreign.setSubscriptions([{ jid, state: 'none' }]),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ stanza: { condition: 'forbidden' } });
    }
  });
});
