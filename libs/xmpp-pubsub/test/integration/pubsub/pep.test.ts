import xml from '@xmpp/xml';
import { beforeAll, expect, it } from 'vitest';
import { announceInterest, connectPubSub } from '../../../src/index.js';
import { notes } from './notes.js';
import { record } from './recording.js';
import { describeServers, type Entity } from './servers.js';

describeServers('the pubsub service of an account (XEP-0163, XEP-0060 section 9)', (server) => {
  let juliet: Entity;

  beforeAll(async () => {
    juliet = await server.entity('juliet');
  });

  const pep = (entity: Entity, owner = entity) =>
    connectPubSub(entity.session, { jid: owner.bareJid });

  it('9 example 211: says that it is there', async () => {
    const info = await pep(juliet).info();
    expect(info.identities).toContainEqual(
      expect.objectContaining({ category: 'pubsub', type: 'pep' }),
    );
  });

  it('7.1.4, 7.1.5: the first publish makes the node as its options say', async () => {
    const node = pep(juliet).node('urn:example:private', notes);
    const preconditions = { accessModel: 'whitelist', persistItems: true } as const;
    await node.publish('mine', { id: 'current', preconditions });
    expect(await node.config()).toMatchObject(preconditions);
    expect(await node.items()).toMatchObject([{ id: 'current', value: 'mine' }]);
    const romeo = await server.entity('romeo');
    await expect(pep(romeo, juliet).node('urn:example:private').items()).rejects.toMatchObject({
      code: 'stanza-error',
    });
  });

  it('8.1, 8.2: its nodes are made, configured and listed like any', async () => {
    const service = pep(juliet);
    const name = 'urn:example:made';
    expect(await service.getOrCreate(name, { maxItems: 5 })).toMatchObject({ created: true });
    expect(await service.getOrCreate(name, { maxItems: 6 })).toMatchObject({
      drift: [{ field: 'maxItems', was: '5', wanted: '6' }],
      remaining: [],
    });
    const nodes: string[] = [];
    for await (const { node } of service.nodes()) nodes.push(node);
    expect(nodes).toContain(name);
  });

  it('9.2 examples 212 to 215: events come to those whose presence asks for them', async () => {
    const other = await server.entity('juliet');
    const interest = await announceInterest(other.session, { nodes: ['urn:example:mood'] });
    await other.session.send(xml('presence', {}, interest.capabilities()));
    const recording = record(pep(other).node('urn:example:mood', notes));
    const mood = pep(juliet).node('urn:example:mood', notes);
    // The server asks for our features after the presence, so it may not know them at the first item.
    for (let count = 0; count < 100 && recording.events.length === 0; count++) {
      await mood.publish('happy', { id: 'current' });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await recording.first('published')).toMatchObject({
      node: 'urn:example:mood',
      items: [{ id: 'current', value: 'happy' }],
    });
    recording.stop();
    interest.stop();
  });

  it('6.1, 5.7, 8.8.1: others subscribe and are seen, as far as the server goes', async () => {
    const benvolio = await server.entity('benvolio');
    const own = pep(juliet).node('urn:example:open', notes);
    await own.publish('x', { id: 'current', preconditions: { accessModel: 'open' } });
    const recording = record(pep(benvolio, juliet).node('urn:example:open', notes));
    await pep(benvolio, juliet).node('urn:example:open').subscribe();
    await own.publish('heard', { id: 'current' });
    await recording.until((events) =>
      events.some((event) => event.type === 'published' && event.items[0]?.value === 'heard'),
    );
    recording.stop();
    await server.check('pep-subscribers', async () => {
      const jids = (await own.subscribers()).map(({ jid }) => jid.toString());
      expect(jids).toContain(benvolio.bareJid);
    });
    await server.check('own-affiliations-pep', async () => {
      expect(await own.ownAffiliation()).toBe('owner');
    });
  });
});
