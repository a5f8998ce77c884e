import { beforeAll, expect, it } from 'vitest';
import { listenUntilStop } from '../../../examples/iterate.js';
import { ownPayload } from '../../../examples/own-payload.js';
import { setUp } from '../../../examples/owner.js';
import { quickStart } from '../../../examples/quick-start.js';
import { mirror } from '../../../examples/replica.js';
import { notes } from './notes.js';
import { describeServers, type Entity } from './servers.js';

describeServers('the examples of the README', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  it('quick-start.ts', async () => {
    const account = await server.account('juliet');
    expect(await quickStart(account, server.pubsub)).toEqual({ celsius: 21.5 });
  });

  it('own-payload.ts', async () => {
    expect(await ownPayload(hamlet.session, server.pubsub)).toEqual([
      { name: 'vexed', because: '2 < 1 & nobody noticed' },
      { name: 'happy', because: 'it is \u{1f3cb} day' },
    ]);
  });

  it('replica.ts', async () => {
    const node = hamlet.service.node(server.nodeName(), notes);
    await node.create({ accessModel: 'open', notifyRetract: true });
    await node.publish('first', { id: 'a' });
    const { content, replica } = mirror(francisco.session, server.pubsub, node.name);
    await replica.ready;
    expect([...content]).toEqual([['a', 'first']]);
    await node.publish('second', { id: 'b' });
    await node.retract('a');
    await expect.poll(() => [...content]).toEqual([['b', 'second']]);
    await replica.stop();
  });

  it('iterate.ts', async () => {
    const node = hamlet.service.node(server.nodeName(), notes);
    await node.create({ accessModel: 'open', sendLastPublishedItem: 'never' });
    const texts = listenUntilStop(francisco.session, server.pubsub, node.name);
    await expect.poll(async () => (await node.subscribers()).length).toBe(1);
    for (const text of ['to be', 'or not', 'stop']) await node.publish(text);
    expect(await texts).toEqual(['to be', 'or not']);
  });

  it('owner.ts', async () => {
    const name = server.nodeName();
    const members = [francisco.bareJid];
    expect(await setUp(hamlet.session, server.pubsub, name, members)).toEqual([]);
    await hamlet.service.node(name).configure({ title: 'Other' });
    expect(await setUp(hamlet.session, server.pubsub, name, members)).toMatchObject([
      { field: 'title', was: 'Other', wanted: 'For members' },
    ]);
    expect(await francisco.service.node(name).items()).toEqual([]);
    await expect(setUp(francisco.session, server.pubsub, name, members)).rejects.toThrow(
      'belongs to somebody else',
    );
  });
});
