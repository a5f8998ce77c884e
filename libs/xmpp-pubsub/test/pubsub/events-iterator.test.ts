import { describe, expect, it } from 'vitest';
import { connectPubSub } from '../../src/index.js';
import { scriptedSession } from './scripted-session.js';
import { event, SERVICE } from './stanzas.js';

function raw() {
  const session = scriptedSession();
  const node = connectPubSub(session, { jid: SERVICE }).node('n');
  const retract = (id: string) =>
    session.emit('stanza', event(`<items node='n'><retract id='${id}'/></items>`));
  return { session, node, retract };
}

describe('events as an async iterator', () => {
  it('come from the call on, in order, also those that came before anybody asked', async () => {
    const { session, node, retract } = raw();
    const events = node.events();
    retract('a');
    retract('b');
    const seen: string[] = [];
    for await (const each of events) {
      if (each.type !== 'retracted') continue;
      seen.push(...each.ids);
      if (seen.length === 2) setImmediate(() => retract('c'));
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(session.listening).toBe(0);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('end with `slow-consumer` when more wait than fit, after those that did', async () => {
    const { session, node, retract } = raw();
    const events = node.events({ maxBuffered: 2 });
    for (const id of ['a', 'b', 'c', 'd']) retract(id);
    expect(session.listening).toBe(0);
    const seen: unknown[] = [];
    const consume = async () => {
      for await (const each of events) seen.push(each);
    };
    await expect(consume()).rejects.toMatchObject({ code: 'slow-consumer' });
    expect(seen).toMatchObject([{ ids: ['a'] }, { ids: ['b'] }]);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('end without an error when the signal aborts, before, meanwhile or after', async () => {
    const { session, node, retract } = raw();
    const abort = new AbortController();
    const events = node.events({ signal: abort.signal });
    const waiting = events.next();
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await node.events({ signal: abort.signal }).next()).toMatchObject({ done: true });
    retract('a');
    expect(session.listening).toBe(0);
  });

  it('serve several who wait, first come first served', async () => {
    const { node, retract } = raw();
    const events = node.events();
    const both = Promise.all([events.next(), events.next()]);
    retract('a');
    retract('b');
    expect(await both).toMatchObject([{ value: { ids: ['a'] } }, { value: { ids: ['b'] } }]);
    await events.return?.();
  });

  it.each([0, 1.5, Number.NaN])('cannot have a buffer of %d', (maxBuffered) => {
    expect(() => raw().node.events({ maxBuffered })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
