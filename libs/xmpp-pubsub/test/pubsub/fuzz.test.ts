import type { Element } from '@xmpp/xml';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectPubSub,
  isXmppError,
  type PubSubService,
  readForm,
  textCodec,
} from '../../src/index.js';
import { parseJid } from '../../src/jid.js';
import { scriptedSession } from './scripted-session.js';
import { event, itemsAnswer, SERVICE, stanza } from './stanzas.js';

const SEED = 60;
const RUNS = 1_500;

/** What servers do say. Mutants of these get further into the code than noise. */
const item = "<item id='a' publisher='a@b/c'><note xmlns='urn:example:note'>x</note></item>";
const form = (type: string) =>
  `<x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#${type}</value></field><field var='pubsub#node' type='list-single'><option><value>n</value></option><value>n</value></field><field var='pubsub#subscriber_jid'><value>a@b</value></field><field var='pubsub#max_items'><value>1</value></field></x>`;
const set = "<set xmlns='http://jabber.org/protocol/rsm'><last>b</last><count>3</count></set>";
const pubsub = (content: string, role = '') =>
  stanza(`<pubsub xmlns='http://jabber.org/protocol/pubsub${role}'>${content}</pubsub>`);

const messages = [
  event(`<items node='n'>${item}<retract id='b'/></items>`),
  event("<purge node='n'/>"),
  event("<delete node='n'><redirect uri='x'/></delete>"),
  event(`<configuration node='n'>${form('node_config')}</configuration>`),
  event("<subscription node='n' jid='a@b' subscription='pending'/>"),
  stanza(
    `<message from='${SERVICE}'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'>${item}</items></event><delay xmlns='urn:xmpp:delay' stamp='2003-12-13T23:58:37Z'/><headers xmlns='http://jabber.org/protocol/shim'><header name='SubID'>1</header></headers></message>`,
  ),
  stanza(`<message from='${SERVICE}' id='1'>${form('subscribe_authorization')}</message>`),
];

const answers = [
  itemsAnswer('n', item, set),
  pubsub("<publish node='n'><item id='a'/></publish>"),
  pubsub("<subscription node='n' jid='a@b' subscription='subscribed' subid='1'/>"),
  pubsub("<subscriptions><subscription node='n' jid='a@b' subscription='none'/></subscriptions>"),
  pubsub("<affiliations><affiliation node='n' jid='a@b' affiliation='owner'/></affiliations>"),
  pubsub(`<options node='n' jid='a@b'>${form('subscribe_options')}</options>`),
  pubsub(`<default node='n'>${form('node_config')}</default>`, '#owner'),
  pubsub(`<configure node='n'>${form('node_config')}</configure>`, '#owner'),
  pubsub("<create node='n'/>"),
  stanza(
    `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='pubsub' type='leaf'/><feature var='x'/>${form('meta-data')}</query>`,
  ),
  stanza(
    `<query xmlns='http://jabber.org/protocol/disco#items'><item jid='a@b' node='n' name='x'/>${set}</query>`,
  ),
  stanza(
    `<command xmlns='http://jabber.org/protocol/commands' status='executing' sessionid='1' node='n'>${form('subscribe_authorization')}</command>`,
  ),
];

const words = [
  '',
  ' ',
  'n',
  'item',
  'items',
  'event',
  'form',
  'none',
  'x:y',
  '@',
  'a@b/',
  '\u0000',
  '-1',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  'http://jabber.org/protocol/pubsub#event',
  'é'.repeat(3_000),
];

const copy = (element: Element): Element => {
  const twin = stanza('<x/>');
  twin.name = element.name;
  twin.attrs = { ...element.attrs };
  twin.children = element.children.map((child) => {
    if (typeof child === 'string') return child;
    const inner = copy(child);
    inner.parent = twin;
    return inner;
  });
  return twin;
};

const everyElement = (element: Element): Element[] => [
  element,
  ...element.children.flatMap((child) => (typeof child === 'string' ? [] : everyElement(child))),
];

/** One small damage: which element, what to do, and with what. */
const damage = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('rename', 'drop', 'double', 'swap', 'text', 'attribute', 'unset', 'clear'),
  word: fc.constantFrom(...words),
  which: fc.nat(),
});
type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function spoil(root: Element, { at, kind, word, which }: Damage): void {
  const all = everyElement(root);
  const target = all[at % all.length] ?? root;
  const siblings = target.parent?.children ?? [];
  const names = Object.keys(target.attrs);
  const name = names[which % Math.max(names.length, 1)];
  if (kind === 'rename') target.name = word || 'y';
  else if (kind === 'clear') target.children = [];
  else if (kind === 'text') target.children = [...target.children, word];
  else if (kind === 'attribute') target.attrs[name ?? 'id'] = word;
  else if (kind === 'unset' && name !== undefined) Reflect.deleteProperty(target.attrs, name);
  else if (kind === 'drop') siblings.splice(siblings.indexOf(target), siblings.length > 0 ? 1 : 0);
  else if (kind === 'double' && target.parent !== null) siblings.push(copy(target));
  else if (kind === 'swap') {
    const other = all[which % all.length] ?? root;
    [target.attrs, other.attrs] = [other.attrs, target.attrs];
  }
}

const mutantOf = (originals: readonly Element[]) =>
  fc
    .tuple(fc.constantFrom(...originals), fc.array(damage, { minLength: 0, maxLength: 4 }))
    .map(([original, damages]) => {
      const mutant = copy(original);
      for (const each of damages) spoil(mutant, each);
      return mutant;
    });

const notes = textCodec('note', 'urn:example:note');

const calls: ((service: PubSubService) => Promise<unknown>)[] = [
  (service) => service.node('n', notes).items(),
  (service) => collect(service.node('n', notes).pages({ pageSize: 1 })),
  (service) => service.node('n', notes).publish('x'),
  (service) => service.node('n').itemIds(),
  (service) => service.node('n').info(),
  (service) => service.node('n').subscribe(),
  (service) => service.node('n').subscriptionOptions(),
  (service) => service.node('n').ownSubscriptions(),
  (service) => service.node('n').ownAffiliation(),
  (service) => service.node('n').config(),
  (service) => service.node('n').subscribers(),
  (service) => service.node('n').affiliations(),
  (service) => service.createInstant(),
  (service) => service.getOrCreate('n', { maxItems: 5 }),
  (service) => service.info(),
  (service) => collect(service.nodes()),
  (service) => service.defaultConfig(),
  (service) => service.pendingNodes(),
  (service) => service.resendPending('n'),
];

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of source) all.push(each);
  return all;
}

describe('whatever a service sends', { timeout: 60_000 }, () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);

  beforeAll(() => {
    process.on('unhandledRejection', note);
  });
  afterAll(() => {
    process.off('unhandledRejection', note);
  });

  it('as an event is either told or counted, and never thrown', () => {
    fc.assert(
      fc.property(mutantOf(messages), (message) => {
        const session = scriptedSession();
        const service = connectPubSub(session, { jid: SERVICE });
        let told = 0;
        service.node('n', notes).on(() => {
          told += 1;
        });
        service.onSubscriptionRequest(() => undefined);
        session.emit('stanza', message);
        // Told, counted, or none of our business: not ours, not for the node, or no event at all.
        expect(told + service.malformedEvents + service.malformedItems).toBeLessThanOrEqual(3);
        session.emit('stanza', event(`<items node='n'>${item}</items>`));
        expect(told).toBeGreaterThan(0);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('as a form is read or refused as malformed', () => {
    fc.assert(
      fc.property(mutantOf([stanza(form('node_config'))]), (x) => {
        try {
          readForm(x);
          return true;
        } catch (error) {
          return isXmppError(error, 'malformed-answer');
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('as an answer either is one or is refused as malformed, in finite time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...calls),
        fc.array(mutantOf(answers), { minLength: 1, maxLength: 4 }),
        async (call, given) => {
          let asked = 0;
          const session = scriptedSession(() => given[Math.min(asked++, given.length - 1)]);
          try {
            await call(connectPubSub(session, { jid: SERVICE }));
          } catch (error) {
            expect(isXmppError(error, 'malformed-answer'), `${error}`).toBe(true);
          }
          expect(asked).toBeLessThan(50);
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('leaves a replica alive, which is in step once the service makes sense again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutantOf(messages), { maxLength: 8 }),
        fc.array(mutantOf(answers), { maxLength: 3 }),
        async (events, spoilt) => {
          const wrong = [...spoilt];
          const session = scriptedSession(() => wrong.shift() ?? itemsAnswer('n', item));
          const node = connectPubSub(session, { jid: SERVICE }).node('n', notes);
          let content: string[] = [];
          const replica = node.replicate(
            {
              reset: (items) => {
                content = items.map(({ id }) => id);
              },
              event: () => undefined,
            },
            { backoff: { initialMs: 1, maxMs: 1 } },
          );
          for (const each of events) session.emit('stanza', each);
          session.emit('online', { jid: parseJid('me@example.org/x'), resumed: false });
          await replica.ready;
          wrong.length = 0;
          await replica.refresh();
          expect(content).toEqual(['a']);
          await replica.stop();
          expect(session.listening).toBe(0);
        },
      ),
      { seed: SEED, numRuns: RUNS / 5 },
    );
  });

  it('leaves no rejection unhandled', async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
  });
});
