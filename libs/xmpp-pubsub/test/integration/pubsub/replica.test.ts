import { beforeAll, expect, it, vi } from 'vitest';
import type { Item, PubSubNode, ReplicaOptions } from '../../../src/index.js';
import { notes } from './notes.js';
import { describeServers, type Entity } from './servers.js';

/** The content of a node as a replica tells it. */
function mirror(node: PubSubNode<string>, options: ReplicaOptions = {}) {
  const content = new Map<string, string>();
  let resets = 0;
  const put = ({ id, value }: Item<string>) => content.set(id, value);
  const replica = node.replicate(
    {
      reset(items) {
        resets += 1;
        content.clear();
        items.forEach(put);
      },
      event(event) {
        if (event.type === 'published') event.items.forEach(put);
        else if (event.type === 'retracted') for (const id of event.ids) content.delete(id);
        else if (event.type === 'purged') content.clear();
      },
    },
    { subscribe: true, ...options },
  );
  const shown = () => Object.fromEntries(content);
  return {
    replica,
    shown,
    resets: () => resets,
    becomes: (expected: Record<string, string>) =>
      vi.waitFor(() => expect(shown()).toEqual(expected), { timeout: 20_000 }),
  };
}

describeServers('replicas', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  const newNode = async () => {
    const name = server.nodeName();
    const own = hamlet.service.node(name, notes);
    await own.create({
      accessModel: 'open',
      maxItems: 'max',
      notifyRetract: true,
      sendLastPublishedItem: 'never',
    });
    return { own, foreign: francisco.service.node(name, notes) };
  };

  it('miss nothing that is published while they read, whatever the timing', async () => {
    const { own, foreign } = await newNode();
    const before = Array.from({ length: 60 }, (_, index) => ({ id: `b${index}`, value: 'old' }));
    await own.publishAll(before);
    const publishing = own.publishAll(
      Array.from({ length: 200 }, (_, index) =>
        index % 3 === 0
          ? { id: `b${index % 60}`, value: `new ${index}` }
          : { id: `n${index}`, value: `${index}` },
      ),
      { inFlight: 1 },
    );
    // One starts each few items, so some read in the midst of each kind of change.
    const mirrors = [];
    for (let count = 0; count < 6; count++) {
      const each = mirror(foreign, { pageSize: 7 });
      mirrors.push(each);
      await each.replica.ready;
    }
    await publishing;
    for (const id of ['b1', 'n1', 'n4']) await own.retract(id);
    const truth = Object.fromEntries((await own.items()).map(({ id, value }) => [id, value]));
    for (const each of mirrors) {
      await each.becomes(truth);
      await each.replica.stop();
    }
  });

  it('read again after a break, and so know what happened meanwhile', async () => {
    const { own } = await newNode();
    const fragile = await server.fragileEntity('francisco');
    const { replica, becomes, resets } = mirror(fragile.service.node(own.name, notes));
    await own.publish('before', { id: 'a' });
    await replica.ready;
    await becomes({ a: 'before' });
    const before = resets();
    fragile.cut();
    await own.publish('meanwhile', { id: 'b' });
    await own.retract('a');
    await becomes({ b: 'meanwhile' });
    expect(resets()).toBeGreaterThan(before);
    await own.publish('after', { id: 'c' });
    await becomes({ b: 'meanwhile', c: 'after' });
    await replica.stop();
  });

  it('follow a node that is purged, deleted and made anew', async () => {
    const { own, foreign } = await newNode();
    const { replica, becomes } = mirror(foreign, { backoff: { initialMs: 20, maxMs: 100 } });
    await replica.ready;
    await own.publish('a', { id: 'a' });
    await becomes({ a: 'a' });
    await own.purge();
    await becomes({});
    await own.configure({ notifyDelete: true });
    await own.delete();
    await own.create({ accessModel: 'open', sendLastPublishedItem: 'never' });
    await own.publish('b', { id: 'b' });
    await becomes({ b: 'b' });
    await replica.stop();
  });
});
