import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { isJobsError, SYSTEM_NAMESPACE, systemCodec } from '../src/index.js';
import { parseXml } from './helpers/xml.js';

describe("the state of the system in the bot's presence", () => {
  const state = { lifters: 2, slots: 8, busy: 3, waiting: 0 };

  it('survives the wire', () => {
    const wire = parseXml(xml('presence', {}, systemCodec.encode(state)).toString());
    const [payload] = wire.getChildren('system', SYSTEM_NAMESPACE);
    expect(payload && systemCodec.decode(payload)).toEqual(state);
  });

  it.each([['lifters'], ['slots'], ['busy'], ['waiting']])('needs %s', (name) => {
    const element: Element = systemCodec.encode(state);
    delete element.attrs[name];
    expect(() => systemCodec.decode(element)).toThrow(expect.toSatisfy(isJobsError));
  });
});
