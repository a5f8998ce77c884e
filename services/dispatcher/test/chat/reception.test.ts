import { type BotMessage, encodeBotMessage } from '@heavylift/jobs';
import { ServiceError } from '@heavylift/service';
import { parseJid } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it, vi } from 'vitest';
import { createReception, type ReceptionPorts } from '../../src/chat/reception.js';
import { texts } from '../../src/chat/texts.js';

const self = parseJid('bot@example.org/dispatcher.1');
const hour = 3_600_000;

const silent = {
  correct: async () => ({ body: 'Corrected' }),
  retract: async () => ({ body: 'Taken back' }),
  broughtBy: () => undefined,
};

function reception(changes: Partial<ReceptionPorts> = {}) {
  const said: BotMessage[] = [];
  const sent: Element[] = [];
  const shown: number[] = [];
  const asked: string[] = [];
  let isOpen = true;
  let now = 1_800_000_000_000;
  const taken = createReception({
    conversation: {
      ...silent,
      async reply({ text, isLate }) {
        asked.push(isLate === true ? `late ${text}` : text);
        if (text === 'lift')
          return { body: 'Scheduled', job: { id: 'j', number: 7, state: 'scheduled' }, runs: true };
        return text === 'help' ? { body: 'Help' } : { body: `Dunno ${text}`, notUnderstood: true };
      },
    },
    isOpen: () => isOpen,
    isServed: (who) => who.endsWith('@example.org'),
    say: async (message) => {
      said.push(message);
    },
    send: (stanza) => sent.push(stanza),
    clients: { supports: async (who) => who.startsWith('ada') },
    composing: { begin: (_, number) => shown.push(number), stop: () => undefined },
    now: () => now,
    maxAgeMs: hour,
    messagesPerSecond: 1,
    onIgnored: () => undefined,
    onKept: () => undefined,
    onFailure: (error) => {
      throw error;
    },
    ...changes,
  });
  let ids = 0;
  return {
    said,
    sent,
    shown,
    asked,
    bodies: () => said.map(({ body }) => body),
    close: () => {
      isOpen = false;
    },
    open: () => {
      isOpen = true;
      taken.opened();
    },
    pass: (ms: number) => {
      now += ms;
    },
    async hear(text: string, from = 'ada@example.org/phone', ...more: Element[]) {
      ids += 1;
      const attrs = { from, type: 'chat', id: `m${ids}` };
      taken.message(xml('message', attrs, xml('body', {}, text), ...more), self);
      await new Promise((resolve) => setImmediate(resolve));
    },
    async hearAnonymous(text: string) {
      const attrs = { from: 'ada@example.org/phone', type: 'chat' };
      taken.message(xml('message', attrs, xml('body', {}, text)), self);
      await new Promise((resolve) => setImmediate(resolve));
    },
    waiting: () => taken.takeWaiting(),
    delay: (ms: number) =>
      xml('delay', { xmlns: 'urn:xmpp:delay', stamp: new Date(now - ms).toISOString() }),
  };
}

describe('what comes in', () => {
  it('is answered once, to the message that asked', async () => {
    const { hear, said } = reception();
    await hear('help');
    expect(said).toEqual([
      {
        to: 'ada@example.org/phone',
        type: 'chat',
        inReplyTo: { id: 'm1', to: 'ada@example.org/phone' },
        body: 'Help',
      },
    ]);
  });

  it('waits for a term to begin, and is answered then', async () => {
    const { hear, close, open, bodies } = reception();
    close();
    await hear('help');
    expect(bodies()).toEqual([]);
    open();
    await vi.waitFor(() => expect(bodies()).toEqual(['Help']), { timeout: 10_000 });
  });

  it('is acted upon if it waited a while, and asked about if it waited long (XEP-0203)', async () => {
    const { hear, delay, asked, bodies } = reception();
    await hear('help', undefined, delay(0.9 * hour));
    await hear('lift', undefined, delay(3 * hour));
    expect(asked).toEqual(['late help']);
    expect(bodies()[1]).toBe(
      'You wrote this 3 h ago, while I was away: "lift". Send it again if you still want it.',
    );
  });

  it('is acknowledged if that is asked for (XEP-0184)', async () => {
    const { hear, sent } = reception();
    const request = () => xml('request', { xmlns: 'urn:xmpp:receipts' });
    await hear('help', undefined, request());
    await hear('help', 'eve@elsewhere.example/x', request());
    expect(sent.map(({ attrs }) => attrs['to'])).toEqual(['ada@example.org/phone']);
    expect(sent[0]?.getChild('received', 'urn:xmpp:receipts')?.attrs['id']).toBe('m1');
  });

  it('brings dots while the job runs, where the client shows them (XEP-0085)', async () => {
    const { hear, shown } = reception();
    await hear('lift', 'bob@example.org/x');
    expect(shown).toEqual([]);
    await hear('lift', 'ada@example.org/x');
    const active = xml('active', { xmlns: 'http://jabber.org/protocol/chatstates' });
    await hear('lift', 'bob@example.org/x', active);
    expect(shown).toEqual([7, 7]);
  });

  it('is answered kindly even if something is broken', async () => {
    const failures: unknown[] = [];
    const { hear, bodies } = reception({
      conversation: { ...silent, reply: () => Promise.reject(new Error('secret')) },
      onFailure: (error) => failures.push(error),
    });
    await hear('help');
    expect(bodies()).toEqual([
      'Something went wrong with that. Please try again; if it stays so, tell an administrator.',
    ]);
    expect(failures).toHaveLength(1);
  });
});

describe('too much', () => {
  it('from one sender is answered once, and holds up nobody else', async () => {
    const { hear, bodies } = reception();
    for (let i = 0; i < 200; i += 1) await hear('help');
    expect(bodies()).toHaveLength(21);
    expect(bodies().at(-1)).toContain('Slow down');
    await hear('help', 'bob@example.org/x');
    expect(bodies()).toHaveLength(22);
  });

  it('from strangers is less', async () => {
    const { hear, bodies } = reception();
    for (let i = 0; i < 200; i += 1) await hear('help', 'eve@elsewhere.example/x');
    expect(bodies()).toHaveLength(4);
  });

  it('does not count what one wrote over a while and what came all at once', async () => {
    const { hear, bodies, delay } = reception();
    for (let i = 0; i < 60; i += 1) await hear('help', undefined, delay(60_000 * (60 - i)));
    expect(bodies().every((body) => body === 'Help')).toBe(true);
    expect(bodies()).toHaveLength(60);
  });
});

describe('two bots', () => {
  it('that repeat each other do not', async () => {
    const { hear, said } = reception();
    await hear('help');
    const [first] = said;
    if (first === undefined) throw new Error('no answer');
    await hear(encodeBotMessage(first).getChildText('body') ?? '');
    expect(said).toHaveLength(1);
  });

  it('that never understand each other come to an end, however slow they are', async () => {
    const { hear, bodies, pass } = reception();
    for (let i = 0; i < 50; i += 1) {
      await hear(`pardon ${i}?`);
      pass(60_000);
    }
    expect(bodies()).toHaveLength(5);
    expect(bodies().at(-1)).toContain('I say no more');
    await hear('help');
    expect(bodies().at(-1)).toBe('Help');
  });
});

describe('a message of which it is not known whether it was obeyed, since another one leads', () => {
  const lost = () =>
    reception({
      conversation: {
        ...silent,
        reply: () => Promise.reject(new ServiceError('office-lost', 'another one leads')),
      },
      onKept: () => {
        kept += 1;
      },
      onFailure: () => undefined,
    });
  let kept = 0;

  it('is kept for whoever leads next, who knows it by its id', async () => {
    kept = 0;
    const { hear, bodies, waiting } = lost();
    await hear('lift');
    expect(bodies()).toEqual([]);
    expect(kept).toBe(1);
    expect(waiting().map((stanza) => stanza.getChildText('body'))).toEqual(['lift']);
  });

  it('is answered by the truth if it has no id, since it would be another job the next time', async () => {
    kept = 0;
    const { hearAnonymous, bodies, waiting } = lost();
    await hearAnonymous('lift');
    expect(bodies()).toEqual([texts.unsure]);
    expect(kept).toBe(0);
    expect(waiting()).toEqual([]);
  });
});
