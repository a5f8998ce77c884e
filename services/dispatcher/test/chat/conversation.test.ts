import type { BotMessage, HandlerSpec, JobEntry } from '@heavylift/jobs';
import { jid } from '@xmpp/jid';
import { describe, expect, it } from 'vitest';
import {
  type ConversationPorts,
  createConversation,
  type RunRequest,
} from '../../src/chat/conversation.js';

const lift: HandlerSpec = {
  name: 'lift',
  title: 'heavy job',
  summary: 'Lifts something heavy.',
  fields: [
    {
      name: 'count',
      type: 'integer',
      required: false,
      default: 30,
      range: { min: 1, max: 1000 },
      description: 'how many steps',
    },
  ],
  timeoutMs: 60_000,
  maxAttempts: 3,
  texts: { done: 'Done lifting' },
};

const entry: JobEntry = {
  id: '01890000-0000-7000-8000-000000000001',
  number: 7,
  revision: 1,
  kind: 'lift',
  args: {},
  requester: { jid: 'ada@example.org/phone', messageType: 'chat' },
  submitted: 0,
  timeoutMs: 1,
  priority: 0,
  attempt: 1,
  maxAttempts: 3,
  stalls: 0,
  target: { type: 'any' },
  failures: [],
  state: { type: 'pending' },
};

/** Says one line to the bot, and gives back all that came of it. */
async function say(
  line: string,
  from = 'ada@example.org/phone',
  ports: Partial<ConversationPorts> = {},
) {
  const said: BotMessage[] = [];
  const ran: RunRequest[] = [];
  const ended: string[] = [];
  const conversation = createConversation({
    isServed: (who) => who.endsWith('@example.org'),
    isAdmin: (who) => who === 'root@example.org',
    specs: () => new Map([['lift', lift]]),
    run: async (request) => {
      ran.push(request);
      return { kind: 'accepted', entry };
    },
    say: async (message) => {
      said.push(message);
    },
    shutdown: (reason) => ended.push(reason),
    ...ports,
  });
  await conversation.handle({ from: jid(from), messageId: 'm1', messageType: 'chat', text: line });
  return { said, ran, ended, text: said[0]?.body };
}

describe('talking to the bot', () => {
  it('schedules what a lifter can do, and answers to the message that asked', async () => {
    const { said, ran } = await say('lift 5');
    expect(ran).toMatchObject([
      { args: { count: 5 }, requester: { jid: 'ada@example.org/phone' } },
    ]);
    expect(said).toEqual([
      {
        to: 'ada@example.org/phone',
        type: 'chat',
        inReplyTo: { id: 'm1', to: 'ada@example.org/phone' },
        body: 'Scheduled heavy job... #7',
        job: { id: entry.id, number: 7, state: 'scheduled' },
      },
    ]);
  });

  it.each([
    ['LIFT', 'Scheduled heavy job... #7'],
    ['dance', 'Dunno how to dance'],
    ['dance  with\nme', 'Dunno how to dance with me'],
    ['lifft 5', 'Dunno how to lifft 5. Did you mean lift?'],
    [
      'lift many',
      'count is "many", expected a whole number from 1 to 1000. Usage: lift [count=30]',
    ],
    ['lift "5', 'I can\'t read that: a quote is opened and not closed with ".'],
    [
      'lift in banana',
      'I can\'t read that: "in banana": expected a time such as 90s, 10m, 1h30m or 2d.',
    ],
    ['exit', 'Only an administrator may exit.'],
    ['help lift', 'lift [count=30]: Lifts something heavy.\n  count: how many steps'],
  ])('%j: %j', async (line, answer) => {
    expect((await say(line)).text).toBe(answer);
  });

  it('lists in help what the asker may do', async () => {
    expect((await say('help')).text).toBe(
      'I can do this for you:\n  lift [count=30]: Lifts something heavy.\n  help: says what I can do',
    );
    expect((await say('help', 'root@example.org/x')).text).toContain('exit: stops me');
  });

  it('stops for an administrator, after it said so', async () => {
    const { said, ended } = await say('exit', 'root@example.org/x');
    expect(said.map(({ body }) => body)).toEqual(['Bye.']);
    expect(ended).toEqual(['root@example.org said exit']);
  });

  it('works only for the people it is configured to serve', async () => {
    const { text, ran } = await say('lift', 'eve@elsewhere.example/x');
    expect(text).toBe('I only work for people of this server.');
    expect(ran).toEqual([]);
  });

  it('says what a job waits for', async () => {
    const run = async () => ({ kind: 'accepted', entry, waitsFor: 'for a free slot' }) as const;
    expect((await say('lift', undefined, { run })).text).toBe(
      'Scheduled heavy job... #7 (it waits for a free slot)',
    );
  });

  it('says when to ask again if there is too much to do', async () => {
    const refused = { kind: 'refused', text: 'Too much to do. Try again in 30 s.' } as const;
    expect((await say('lift', undefined, { run: async () => refused })).text).toBe(refused.text);
  });

  it('repeats no more of a long message than a line', async () => {
    const { text } = await say('x'.repeat(5000));
    expect(text?.length).toBeLessThan(130);
  });
});
