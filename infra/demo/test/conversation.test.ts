import { describe, expect, it } from 'vitest';
import { createConversation } from '../src/conversation.js';
import type { Heard, JobState } from '../src/heard.js';

const about = (number: string, state: JobState, more: Partial<Heard> = {}): Heard => ({
  body: `job ${number} ${state}`,
  job: { id: `job-${number}`, number, state },
  ...more,
});

describe('when a conversation is settled', () => {
  it('is settled before anything is said', () => {
    expect(createConversation().settled).toBe(true);
  });

  it('waits for an answer to each line, by the id of the line', () => {
    const talk = createConversation();
    talk.said('a', 'dance', 0);
    talk.said('b', 'sing', 1);
    talk.heard({ body: 'Welcome' }, 2);
    talk.heard({ body: 'Dunno how to sing', answers: 'b' }, 3);
    expect(talk.unanswered).toEqual(['dance']);
    expect(talk.settled).toBe(false);
    talk.heard({ body: 'Dunno how to dance', answers: 'a' }, 4);
    expect(talk.settled).toBe(true);
  });

  it.each<JobState>(['succeeded', 'failed', 'cancelled', 'expired'])(
    'waits for each scheduled job until it has %s',
    (end) => {
      const talk = createConversation();
      talk.said('a', 'lift', 0);
      talk.heard(about('7', 'scheduled', { answers: 'a' }), 1);
      expect(talk.openJobs).toEqual(['7']);
      talk.heard(about('7', 'progress'), 2);
      expect(talk.settled).toBe(false);
      talk.heard(about('7', end), 3);
      expect(talk.openJobs).toEqual([]);
      expect(talk.settled).toBe(true);
    },
  );

  it('takes an outcome that overtakes the answer to its command', () => {
    const talk = createConversation();
    talk.said('a', 'lift', 0);
    talk.heard(about('7', 'succeeded'), 1);
    expect(talk.settled).toBe(false);
    talk.heard(about('7', 'scheduled', { answers: 'a' }), 2);
    expect(talk.settled).toBe(true);
  });

  it('is not reopened by progress that comes late', () => {
    const talk = createConversation();
    talk.heard(about('7', 'scheduled'), 0);
    talk.heard(about('7', 'succeeded'), 1);
    talk.heard(about('7', 'progress'), 2);
    expect(talk.settled).toBe(true);
  });

  it('keeps two jobs apart that run at once', () => {
    const talk = createConversation();
    talk.heard(about('1', 'scheduled'), 0);
    talk.heard(about('2', 'scheduled'), 0);
    talk.heard(about('2', 'succeeded'), 1);
    expect(talk.openJobs).toEqual(['1']);
  });

  it('remembers when last something happened', () => {
    const talk = createConversation(5);
    expect(talk.lastAtMs).toBe(5);
    talk.said('a', 'lift', 10);
    expect(talk.lastAtMs).toBe(10);
    talk.heard(about('1', 'progress'), 20);
    expect(talk.lastAtMs).toBe(20);
  });
});

describe('how a message is taken', () => {
  it('says how long the first answer took, and only the first', () => {
    const talk = createConversation();
    talk.said('a', 'lift', 100);
    expect(talk.heard(about('1', 'scheduled', { answers: 'a' }), 112)).toEqual({
      kind: 'message',
      jobNumber: '1',
      answered: { text: 'lift', afterMs: 12 },
    });
    expect(talk.heard({ body: 'again', answers: 'a' }, 300)).toEqual({ kind: 'message' });
  });

  it('tells progress from what is to stay', () => {
    const talk = createConversation();
    expect(talk.heard(about('1', 'progress'), 0)).toEqual({ kind: 'progress', jobNumber: '1' });
    expect(talk.heard(about('1', 'succeeded'), 0)).toEqual({ kind: 'message', jobNumber: '1' });
  });

  it('owes no answer to a line that came back', () => {
    const talk = createConversation();
    talk.said('a', 'lift', 0);
    expect(talk.heard({ body: '', id: 'a', undelivered: 'service-unavailable' }, 3)).toEqual({
      kind: 'undelivered',
      answered: { text: 'lift', afterMs: 3 },
    });
  });
});
