import { describe, expect, it, vi } from 'vitest';
import { connectPubSub, type Ignored, type PubSubEvent, textCodec } from '../../src/index.js';
import { scriptedSession } from './scripted-session.js';
import { event, SERVICE, stanza } from './stanzas.js';

const notes = textCodec('note', 'urn:example:note');
const note = (id: string, text: string, more = '') =>
  `<item id='${id}'${more}><note xmlns='urn:example:note'>${text}</note></item>`;

function listenTo(name: string) {
  const session = scriptedSession();
  const warn = vi.fn();
  const ignored: Ignored[] = [];
  const service = connectPubSub(session, {
    jid: SERVICE,
    log: { debug: vi.fn(), warn },
    onIgnored: (each) => ignored.push(each),
  });
  const node = service.node(name, notes);
  const events: PubSubEvent<string>[] = [];
  const unlisten = node.on((each) => events.push(each));
  return { session, service, node, events, ignored, unlisten, warn };
}

describe('events of a node', () => {
  it('tells of published items with id, value and publisher (XEP-0060 section 7.1.2)', () => {
    const { session, events } = listenTo('princely_musings');
    session.emit(
      'stanza',
      event(
        `<items node='princely_musings'>${note('a', 'to be', " publisher='hamlet@denmark.lit/elsinore'")}</items>`,
      ),
    );
    expect(events).toMatchObject([
      { type: 'published', node: 'princely_musings', items: [{ id: 'a', value: 'to be' }] },
    ]);
    const [first] = events;
    expect(first?.type === 'published' && first.items[0]?.publisher?.toString()).toBe(
      'hamlet@denmark.lit/elsinore',
    );
  });

  it('tells of an item without payload by its id (XEP-0060 section 7.1.2.2)', () => {
    const { session, events } = listenTo('n');
    session.emit('stanza', event("<items node='n'><item id='a'/></items>"));
    expect(events).toMatchObject([{ type: 'published', items: [], withoutPayload: ['a'] }]);
  });

  it('tells of retracted items, also of several, also beside new ones (XEP-0060 section 7.2.2)', () => {
    const { session, events } = listenTo('n');
    session.emit('stanza', event("<items node='n'><retract id='a'/><retract id='b'/></items>"));
    session.emit('stanza', event(`<items node='n'>${note('c', 'x')}<retract id='a'/></items>`));
    expect(events).toMatchObject([
      { type: 'retracted', ids: ['a', 'b'] },
      { type: 'published', items: [{ id: 'c' }] },
      { type: 'retracted', ids: ['a'] },
    ]);
  });

  it('tells of a purge, a deletion with redirect, a configuration and a subscription (sections 8.2, 8.4, 8.5, 8.8)', () => {
    const { session, events } = listenTo('n');
    session.emit('stanza', event("<purge node='n'/>"));
    session.emit('stanza', event("<delete node='n'><redirect uri='xmpp:x?;node=m'/></delete>"));
    session.emit('stanza', event("<delete node='n'/>"));
    session.emit('stanza', event("<configuration node='n'/>"));
    session.emit(
      'stanza',
      event(
        `<configuration node='n'><x xmlns='jabber:x:data' type='result'>
          <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field>
          <field var='pubsub#title'><value>Musings</value></field>
          <field var='pubsub#strange'><value>1</value><value>2</value></field>
        </x></configuration>`,
      ),
    );
    session.emit('stanza', event("<subscription node='n' jid='a@b.c' subscription='pending'/>"));
    expect(events).toMatchObject([
      { type: 'purged' },
      { type: 'deleted', redirect: 'xmpp:x?;node=m' },
      { type: 'deleted' },
      { type: 'configured' },
      { type: 'configured', config: { title: 'Musings', other: { 'pubsub#strange': ['1', '2'] } } },
      { type: 'subscription', state: 'pending' },
    ]);
    expect(events[2]).not.toHaveProperty('redirect');
    expect(events[3]).not.toHaveProperty('config');
  });

  it('says when a delayed event happened, and for which subscriptions it came (XEP-0203, section 7.1.2.4)', () => {
    const { session, events } = listenTo('n');
    session.emit(
      'stanza',
      stanza(`<message from='${SERVICE}'>
        <event xmlns='http://jabber.org/protocol/pubsub#event'><purge node='n'/></event>
        <delay xmlns='urn:xmpp:delay' stamp='2003-12-13T23:58:37Z'/>
        <headers xmlns='http://jabber.org/protocol/shim'>
          <header name='SubID'>123-abc</header><header name='Other'>x</header><header name='SubID'>004-yyy</header>
        </headers></message>`),
    );
    expect(events).toMatchObject([
      {
        delayedSince: new Date('2003-12-13T23:58:37Z'),
        subscriptionIds: ['123-abc', '004-yyy'],
      },
    ]);
  });
});

describe('whose events count', () => {
  it('only those of the service itself', () => {
    const { session, events, service, ignored } = listenTo('n');
    for (const from of [
      `evil.example.org`,
      `x@${SERVICE}`,
      `${SERVICE}/r`,
      'me@example.org',
      '@',
    ]) {
      session.emit('stanza', event("<purge node='n'/>", `from='${from}'`));
    }
    session.emit('stanza', event("<purge node='n'/>", ''));
    session.emit('stanza', event("<purge node='n'/>", `from='${SERVICE}' type='error'`));
    expect(events).toEqual([]);
    expect(service.malformedEvents).toBe(0);
    expect(ignored).toEqual(Array(6).fill({ reason: 'foreign-event', node: 'n' }));
    session.emit('stanza', event("<purge node='n'/>", "from='PubSub.Example.org'"));
    expect(events).toHaveLength(1);
  });

  it('only those of nodes that were asked for, once each, in order, until unlistened', () => {
    const { session, events, node, service, unlisten } = listenTo('n');
    const others: string[] = [];
    const unlistenOther = service.node('m').on(({ node: name }) => others.push(name));
    const again: string[] = [];
    const unlistenAgain = node.on(({ type }) => again.push(type));
    session.emit('stanza', event("<purge node='n'/>"));
    session.emit('stanza', event("<purge node='elsewhere'/>"));
    session.emit('stanza', event("<delete node='n'/>"));
    session.emit('stanza', event("<purge node='m'/>"));
    expect(events.map(({ type }) => type)).toEqual(['purged', 'deleted']);
    expect(again).toEqual(['purged', 'deleted']);
    expect(others).toEqual(['m']);
    unlisten();
    unlistenAgain();
    session.emit('stanza', event("<purge node='n'/>"));
    expect(events).toHaveLength(2);
    unlistenOther();
    expect(session.listening).toBe(0);
  });
});

describe('what is not understood', () => {
  it.each([
    ['nothing in it', ''],
    ['two things in it', "<purge node='n'/><purge node='n'/>"],
    ['no node', '<purge/>'],
    ['an unknown kind', "<collection node='n'/>"],
    ['no items', "<items node='n'/>"],
    ['an item without an id', "<items node='n'><item/></items>"],
    ['a retraction without an id', "<items node='n'><retract/></items>"],
    ['something else among the items', "<items node='n'><sub/></items>"],
    ['a publisher that is no JID', "<items node='n'><item id='a' publisher='@'/></items>"],
    ['a subscription without a state', "<subscription node='n' jid='a@b'/>"],
    ['a subscription without a JID', "<subscription node='n' subscription='none'/>"],
    ['a form that is none', "<configuration node='n'><x xmlns='jabber:x:data'/></configuration>"],
  ])('an event with %s is counted and logged', (_what, content) => {
    const { session, events, service, ignored, warn } = listenTo('n');
    session.emit('stanza', event(content));
    expect(events).toEqual([]);
    expect(ignored).toEqual([{ reason: 'malformed-event' }]);
    expect(service.malformedEvents).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
  });

  it('a payload that the codec refuses is counted and logged, and its siblings still come', () => {
    const { session, events, service, ignored, warn } = listenTo('n');
    session.emit('stanza', event("<items node='n'><item id='a'><x xmlns='y'/></item></items>"));
    expect(events).toEqual([]);
    session.emit(
      'stanza',
      event(`<items node='n'><item id='a'><x xmlns='y'/></item>${note('b', 'ok')}</items>`),
    );
    expect(events).toMatchObject([{ items: [{ id: 'b', value: 'ok' }] }]);
    expect(service.malformedItems).toBe(2);
    expect(ignored).toEqual(Array(2).fill({ reason: 'malformed-item', node: 'n' }));
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('a listener that throws is logged, and the next is called all the same', () => {
    const { session, events, node, warn } = listenTo('n');
    const unlisten = node.on(() => {
      throw new Error('mine');
    });
    const after: string[] = [];
    node.on(({ type }) => after.push(type));
    session.emit('stanza', event("<purge node='n'/>"));
    expect(events).toHaveLength(1);
    expect(after).toEqual(['purged']);
    expect(warn).toHaveBeenCalledOnce();
    unlisten();
  });
});
