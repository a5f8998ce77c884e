import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeConfig, SubscriptionOptions } from '../../src/index.js';
import {
  type DataForm,
  isXmppError,
  jsonCodec,
  readForm,
  textCodec,
  writeForm,
} from '../../src/index.js';
import { nodeConfig, subscribeOptions } from '../../src/pubsub/node-config.js';
import { checkStanza, serialise } from '../../src/session/xml-text.js';
import { notXml, xmlText } from './arbitraries.js';
import { stanza } from './stanzas.js';

/** What a peer reads of what a session writes. */
const overTheWire = (element: Parameters<typeof serialise>[0]) => stanza(serialise(element));

const field = fc.record(
  {
    name: xmlText.filter((name) => name !== 'FORM_TYPE'),
    type: fc.constantFrom('text-single', 'text-multi', 'list-single', 'boolean'),
    label: xmlText,
    description: xmlText,
    required: fc.constant(true),
    values: fc.array(xmlText, { maxLength: 3 }),
    options: fc.array(fc.record({ label: xmlText, value: xmlText }, { requiredKeys: ['value'] }), {
      minLength: 1,
      maxLength: 3,
    }),
  },
  { requiredKeys: ['name', 'values'] },
);

const form: fc.Arbitrary<DataForm> = fc.record(
  {
    type: fc.constantFrom('form', 'submit', 'cancel', 'result'),
    formType: xmlText,
    title: xmlText,
    instructions: fc.array(xmlText, { minLength: 1, maxLength: 2 }),
    fields: fc.array(field, { maxLength: 4 }),
  },
  { requiredKeys: ['type', 'fields'], noNullPrototype: true },
);

describe('data forms (XEP-0004)', { timeout: 30_000 }, () => {
  it('come back from the wire as they were, whatever text XML allows is in them', () => {
    fc.assert(
      fc.property(form, (wanted) => {
        expect(readForm(overTheWire(writeForm(wanted)))).toEqual(wanted);
      }),
    );
  });

  it('leave out fields without a name, which are there for people', () => {
    const read = readForm(
      stanza(
        "<x xmlns='jabber:x:data' type='form'><field type='fixed'><value>a</value></field></x>",
      ),
    );
    expect(read.fields).toEqual([]);
  });

  it.each([
    "<x xmlns='jabber:x:data'/>",
    "<x xmlns='jabber:x:data' type='strange'/>",
    "<x xmlns='urn:other' type='form'/>",
  ])('%s is none', (text) => {
    expect(() => readForm(stanza(text))).toThrow(
      expect.objectContaining({ code: 'malformed-answer' }),
    );
  });
});

const config: fc.Arbitrary<NodeConfig> = fc.record(
  {
    title: xmlText,
    accessModel: fc.constantFrom('open', 'presence', 'roster', 'authorize', 'whitelist'),
    publishModel: fc.constantFrom('publishers', 'subscribers', 'open'),
    persistItems: fc.boolean(),
    maxItems: fc.oneof(fc.nat(), fc.constant('max' as const)),
    maxPayloadSize: fc.nat(),
    itemReply: fc.constantFrom('owner', 'publisher'),
    other: fc.dictionary(
      xmlText.map((name) => `x-${name}`),
      fc.array(xmlText, { maxLength: 3 }),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe('typed configuration', { timeout: 30_000 }, () => {
  it('comes back from the wire as it was, unknown fields too', () => {
    fc.assert(
      fc.property(config, (wanted) => {
        const read = nodeConfig.read(readForm(overTheWire(nodeConfig.write(wanted))));
        expect(read).toEqual(wanted);
        expect(nodeConfig.drift(read, wanted)).toEqual([]);
      }),
    );
  });

  it('keeps a value it does not know under the name of its field', () => {
    const read = nodeConfig.read({
      type: 'form',
      fields: [
        { name: 'pubsub#access_model', values: ['magic'] },
        { name: 'pubsub#max_items', values: ['-1'] },
        { name: 'pubsub#persist_items', values: ['true'] },
        { name: 'pubsub#title', values: [] },
        { name: 'pubsub#strange', values: [] },
      ],
    });
    expect(read).toEqual({
      persistItems: true,
      other: {
        'pubsub#access_model': ['magic'],
        'pubsub#max_items': ['-1'],
        'pubsub#strange': [],
      },
    });
  });

  it('names each field that drifted, as it was and as wanted, and no field that nobody asked for', () => {
    const actual: NodeConfig = {
      title: 'a',
      persistItems: false,
      maxItems: 10,
      other: { 'x#y': ['1', '2'] },
    };
    expect(
      nodeConfig.drift(actual, {
        persistItems: true,
        maxItems: 10,
        accessModel: 'open',
        other: { 'x#y': ['1'] },
      }),
    ).toEqual([
      { field: 'accessModel', was: undefined, wanted: 'open' },
      { field: 'persistItems', was: '0', wanted: '1' },
      { field: 'x#y', was: '1\n2', wanted: '1' },
    ]);
  });

  it.each([{ maxItems: -1 }, { maxItems: 1.5 }, { maxPayloadSize: Number.NaN }])(
    '%o is refused before it is sent',
    (bad) => {
      expect(() => nodeConfig.write(bad)).toThrow(
        expect.objectContaining({ code: 'invalid-option' }),
      );
    },
  );

  it('of a subscription comes back too, dates included (XEP-0060 section 16.4.2)', () => {
    const options: SubscriptionOptions[] = [
      { expire: 'presence', deliver: false },
      { expire: new Date('2006-02-28T23:59:59.000Z'), digest: true, digestFrequencyMs: 86_400_000 },
      { showValues: ['chat', 'online'], includeBody: true, subscriptionType: 'items' },
      { subscriptionDepth: 'all', other: { 'x#y': ['z'] } },
    ];
    for (const wanted of options) {
      expect(subscribeOptions.read(readForm(overTheWire(subscribeOptions.write(wanted))))).toEqual(
        wanted,
      );
    }
  });
});

describe('payload codecs', { timeout: 30_000 }, () => {
  const texts = textCodec('title', 'urn:example:title');
  const json = jsonCodec((value) => value);

  it('carry whatever text XML allows', () => {
    fc.assert(
      fc.property(xmlText, (text) => {
        expect(texts.decode(overTheWire(texts.encode(text)))).toBe(text);
      }),
    );
  });

  it('refuse what XML does not allow with `invalid-character`', () => {
    fc.assert(
      fc.property(xmlText, notXml, xmlText, (before, bad, after) => {
        const written = serialise(texts.encode(`${before}${bad}${after}`));
        try {
          checkStanza(written, Number.POSITIVE_INFINITY);
        } catch (error) {
          return isXmppError(error, 'invalid-character');
        }
        // Two halves may have met and become one character.
        return (
          /^[\ud800-\udfff]$/.test(bad) && !/\p{Surrogate}/u.test(texts.decode(stanza(written)))
        );
      }),
    );
  });

  it('carry, as JSON (XEP-0335), every value JSON has, whatever characters are in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), xmlText, notXml, (value, text, bad) => {
        const wanted = { value, text, bad, [`${text}${bad}`]: 1 };
        const written = serialise(json.encode(wanted));
        checkStanza(written, Number.POSITIVE_INFINITY);
        expect(json.decode(stanza(written))).toEqual(JSON.parse(JSON.stringify(wanted)));
      }),
    );
  });

  it('refuse an element that is not theirs, and a value that is no JSON', () => {
    const other = stanza("<other xmlns='urn:x'/>");
    for (const decode of [texts.decode, json.decode]) {
      expect(() => decode(other)).toThrow(expect.objectContaining({ code: 'undecodable-payload' }));
    }
    expect(() => json.decode(stanza("<json xmlns='urn:xmpp:json:0'>{</json>"))).toThrow();
    expect(() => json.encode(undefined)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
