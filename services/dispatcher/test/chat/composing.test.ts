import type { Element } from '@xmpp/xml';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createComposing } from '../../src/chat/composing.js';

describe('the dots while a job runs (XEP-0085)', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function composing(over: Set<number>) {
    const sent: Element[] = [];
    const shown = createComposing({
      send: (stanza) => sent.push(stanza),
      isOver: (number) => over.has(number),
      longestMs: 30_000,
    });
    return { shown, states: () => sent.map((stanza) => stanza.getChildElements()[0]?.getName()) };
  }

  it('pause after a while if it takes longer', () => {
    const { shown, states } = composing(new Set());
    shown.begin('ada@x/y', 7);
    vi.advanceTimersByTime(60_000);
    expect(states()).toEqual(['composing', 'paused']);
  });

  it('are taken away by the outcome, not by us', () => {
    const over = new Set<number>();
    const { shown, states } = composing(over);
    shown.begin('ada@x/y', 7);
    over.add(7);
    vi.advanceTimersByTime(60_000);
    expect(states()).toEqual(['composing']);
  });

  it('do not begin when the job is over already, and leave no timer behind at the end', () => {
    const { shown, states } = composing(new Set([8]));
    shown.begin('ada@x/y', 8);
    shown.begin('ada@x/y', 7);
    shown.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(states()).toEqual(['composing']);
  });
});
