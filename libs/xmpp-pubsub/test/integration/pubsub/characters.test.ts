import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { jsonCodec } from '../../../src/index.js';
import { notXml, xmlText } from '../../pubsub/arbitraries.js';
import { notes } from './notes.js';
import { publishedIds, record } from './recording.js';
import { describeServers, type Entity } from './servers.js';

describeServers('text', (server) => {
  let hamlet: Entity;
  let francisco: Entity;

  beforeAll(async () => {
    hamlet = await server.entity('hamlet');
    francisco = await server.entity('francisco');
  });

  it('comes back from the server as it was published: every character XML allows', async () => {
    const own = hamlet.service.node(server.nodeName(), notes);
    await own.create({ maxItems: 'max', accessModel: 'open', sendLastPublishedItem: 'never' });
    const foreign = francisco.service.node(own.name, notes);
    const recording = record(foreign);
    await foreign.subscribe();
    const texts = fc.sample(xmlText, { numRuns: 200, seed: 60 });
    await own.publishAll(texts.map((value, index) => ({ value, id: `${index}` })));
    await recording.until((events) => publishedIds(events).length === texts.length);
    const told = recording.events.flatMap((event) =>
      event.type === 'published' ? event.items.map(({ value }) => value) : [],
    );
    expect(told).toEqual(texts);
    const read = await foreign.items();
    const byId = new Map(read.map(({ id, value }) => [id, value]));
    const back = texts.map((_, index) => byId.get(`${index}`));
    await server.check(
      'carriage-return',
      async () => expect(back).toEqual(texts),
      async () => expect(back).toEqual(texts.map((each) => each.replace(/\r\n?/g, '\n'))),
    );
    recording.stop();
  });

  it('as JSON: every character there is', async () => {
    const json = jsonCodec((value) => value);
    const node = hamlet.service.node(server.nodeName(), json);
    await node.create({ maxItems: 'max' });
    const values = fc.sample(fc.tuple(notXml, fc.string({ unit: 'binary' })), {
      numRuns: 100,
      seed: 60,
    });
    await node.publishAll(values.map((value, index) => ({ value, id: `${index}` })));
    const byId = new Map((await node.items()).map(({ id, value }) => [id, value]));
    expect(values.map((_, index) => byId.get(`${index}`))).toEqual(values);
  });

  it('that XML does not allow is refused before it is sent, and the session lives on', async () => {
    const own = hamlet.service.node(server.nodeName(), notes);
    await own.create();
    for (const bad of fc.sample(notXml, { numRuns: 20, seed: 60 })) {
      const refused = { code: 'invalid-character' };
      await expect(own.publish(`a${bad}b`)).rejects.toMatchObject(refused);
      await expect(own.publish('a', { id: `a${bad}` })).rejects.toMatchObject(refused);
      await expect(own.configure({ title: bad })).rejects.toMatchObject(refused);
    }
    expect(await own.items()).toEqual([]);
  });

  it('in names, titles and ids comes back too', async () => {
    // Servers prepare node names and ids (some trim or refuse them), so these are the tame ones.
    const awkward = `a&b<c>"d"'e' ]]> é \u{1f3cb} ${server.nodeName()}`;
    const node = hamlet.service.node(awkward, notes);
    await node.create({ title: `two\nlines & <tags> \u{10ffff}` });
    expect(await node.config()).toMatchObject({ title: `two\nlines & <tags> \u{10ffff}` });
    await node.publish('x', { id: awkward });
    expect(await node.items({ ids: [awkward] })).toMatchObject([{ id: awkward }]);
    await node.retract(awkward);
    expect(await node.items()).toEqual([]);
  });
});
