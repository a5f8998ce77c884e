import { beforeAll, expect, it } from 'vitest';
import type { NodeConfig } from '../../../src/index.js';
import { notes } from './notes.js';
import { describeServers, type Entity } from './servers.js';

describeServers('getOrCreate (XEP-0060 sections 8.1 and 8.2)', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  const wanted: NodeConfig = { title: 'wanted', accessModel: 'whitelist', maxItems: 'max' };

  it('makes a node that is not there, and then has nothing to do', async () => {
    const name = server.nodeName();
    const first = await hamlet.service.getOrCreate(name, wanted, notes);
    expect(first).toMatchObject({ created: true, exists: true, drift: [], remaining: [] });
    await first.node.publish('typed', { id: 'a' });
    const second = await hamlet.service.getOrCreate(name, wanted, notes);
    expect(second).toMatchObject({ created: false, exists: true, drift: [], remaining: [] });
    expect(await second.node.items()).toMatchObject([{ value: 'typed' }]);
  });

  it('puts right what drifted, leaves what nobody asked for, and says what it was', async () => {
    const name = server.nodeName();
    const node = hamlet.service.node(name);
    await node.create({ title: 'old', accessModel: 'whitelist', maxItems: 5, notifyDelete: true });
    expect(await hamlet.service.getOrCreate(name, wanted)).toMatchObject({
      created: false,
      drift: [
        { field: 'title', was: 'old', wanted: 'wanted' },
        { field: 'maxItems', was: '5', wanted: 'max' },
      ],
      remaining: [],
    });
    expect(await node.config()).toMatchObject({ ...wanted, notifyDelete: true });
  });

  it('only looks when told to check', async () => {
    const name = server.nodeName();
    const missing = await hamlet.service.getOrCreate(name, wanted, notes, { check: true });
    expect(missing).toMatchObject({ created: false, exists: false });
    expect(missing.drift.map(({ field }) => field)).toEqual(['title', 'accessModel', 'maxItems']);
    const node = hamlet.service.node(name);
    await node.create({ ...wanted, title: 'other' });
    const present = await hamlet.service.getOrCreate(name, wanted, notes, { check: true });
    expect(present).toMatchObject({
      created: false,
      exists: true,
      drift: [{ field: 'title', was: 'other', wanted: 'wanted' }],
    });
    expect(await node.config()).toMatchObject({ title: 'other' });
  });

  it('makes one node of many who want it at once', async () => {
    const other = await server.entity('hamlet');
    for (let round = 0; round < 10; round++) {
      const name = server.nodeName();
      const states = await Promise.all(
        [hamlet, other, hamlet, other].map(({ service }) => service.getOrCreate(name, wanted)),
      );
      expect(states.filter(({ created }) => created).length).toBeLessThanOrEqual(1);
      expect(states.every(({ exists, remaining }) => exists && remaining.length === 0)).toBe(true);
    }
  });

  it("leaves another's node alone", async () => {
    const name = server.nodeName();
    await francisco.service.node(name).create();
    await expect(hamlet.service.getOrCreate(name, wanted)).rejects.toMatchObject({
      stanza: { condition: 'forbidden' },
    });
  });
});
