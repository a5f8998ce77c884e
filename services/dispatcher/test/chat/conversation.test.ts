import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBuiltIns } from '../../src/chat/built-in.js';
import { createConversation } from '../../src/chat/conversation.js';
import type { Desk } from '../../src/desk.js';
import { entry, failed, fakeDesk, now, policy, schedule } from '../support/desk.js';

/** Says one line to the bot, and gives back all that came of it. */
async function say(line: string, who = 'ada@example.org', changes: Partial<Desk> = {}) {
  const { desk, done, ran } = fakeDesk(changes);
  const ended: string[] = [];
  const ports = { desk: () => desk, policy: () => policy, now: () => now };
  const builtIns = createBuiltIns({
    ...ports,
    shutdown: (reason) => ended.push(reason),
    shutdownOthers: (by) => ended.push(`others for ${by}`) + 2,
    version: '1.2.3',
  });
  const conversation = createConversation({ ...ports, builtIns });
  const reply = await conversation.reply({
    who,
    text: line,
    requester: { jid: `${who}/phone`, messageType: 'chat', messageId: 'm1' },
  });
  return { reply, text: reply.body, done, ran, ended };
}

describe('talking to the bot', () => {
  it('schedules what a lifter can do, for the one who asked', async () => {
    const { reply, ran } = await say('lift 5 priority 3');
    expect(ran).toMatchObject([
      {
        args: { count: 5 },
        clauses: { priority: 3 },
        requester: { jid: 'ada@example.org/phone', messageId: 'm1' },
      },
    ]);
    expect(reply).toMatchObject({
      body: 'Scheduled heavy job... #7',
      job: { id: entry.id, number: 7, state: 'scheduled' },
      runs: true,
    });
  });

  it.each([
    ['LIFT', 'Scheduled heavy job... #7'],
    ['\u3000lift\u00a05\u2003', 'Scheduled heavy job... #7'],
    ['dance', 'Dunno how to dance'],
    ['dance  with\nme', 'Dunno how to dance with me'],
    ['lifft 5', 'Dunno how to lifft 5. Did you mean lift?'],
    ['stauts', 'Dunno how to stauts. Did you mean status?'],
    [
      'lift many',
      'count is "many", expected a whole number from 1 to 1000. Usage: lift [count=30]',
    ],
    ['lift "5', 'count is ""5", expected a whole number from 1 to 1000. Usage: lift [count=30]'],
    [
      'lift in banana',
      'I can\'t read that: "in banana": expected a duration such as 250ms, 90s, 1h30m, 1.5h, 2d or 1w.',
    ],
    ['status', '1 lifter, 1 of 4 slots busy, 0 waiting. Yours: #7'],
    ['status 7', '#7 lift count=5: runs on lifter-1 for 8 s'],
    ['status #7', '#7 lift count=5: runs on lifter-1 for 8 s'],
    ['#7', '#7 lift count=5: runs on lifter-1 for 8 s'],
    ['7', '#7 lift count=5: runs on lifter-1 for 8 s'],
    ['status 99', 'I know no job #99.'],
    ['jobs', '#7 lift count=5: runs on lifter-1 for 8 s'],
    ['lifters', 'lifter-1: 1 of 4 slots busy; hash, lift'],
    ['failed', 'No job of yours has failed.'],
    ['cancel 7', 'I told the lifter to end #7.'],
    ['cancel', 'job is missing. Usage: cancel job'],
    ['cancel seven', 'job is "seven", expected a whole number of at least 1. Usage: cancel job'],
    ['retry 7', '#7 has not failed. Only a job that failed for good can be run again.'],
    ['schedules', 'You have no schedules.'],
    ['unschedule 9', 'I know no schedule 9.'],
    ['version', 'Heavylift 1.2.3'],
    ['help cancel', 'cancel job: ends a job\n  job: its number, such as 7 or #7'],
    ['help dance', 'Dunno how to dance'],
  ])('%j: %j', async (line, answer) => {
    expect((await say(line)).text).toBe(answer);
  });

  it('says how far a running job has come, if its handler does', async () => {
    const progress = { type: 'progress', job: entry.id, attempt: 1, at: now, done: 2 } as const;
    const told = async (more: object) => {
      const job = () => ({ entry, progress: { ...progress, ...more } });
      return (await say('status 7', 'ada@example.org', { job })).reply;
    };
    expect(await told({})).toMatchObject({
      body: '#7 lift count=5: runs on lifter-1 for 8 s, 2',
      fields: { done: 2 },
    });
    expect(await told({ total: 5, note: 'nearly half' })).toMatchObject({
      body: '#7 lift count=5: runs on lifter-1 for 8 s, 2 of 5 (nearly half)',
      fields: { done: 2, total: 5 },
    });
  });

  it.each([
    ['status 8', 'That is not yours: only an administrator may look at #8.'],
    ['cancel #8', 'That is not yours: only an administrator may cancel #8.'],
    ['retry 8', 'That is not yours: only an administrator may run #8 again.'],
    ['unschedule 2', 'That is not yours: only an administrator may take off schedule 2.'],
    ['jobs all', "That is not yours: only an administrator may see everybody's jobs."],
    ['failed all', "That is not yours: only an administrator may see everybody's jobs."],
    ['exit', 'Only an administrator may exit.'],
    ['exit all', 'Only an administrator may exit.'],
  ])('%j is refused, and says so', async (line, answer) => {
    const { text, done, ended } = await say(line);
    expect(text).toBe(answer);
    expect([...done, ...ended]).toEqual([]);
  });

  it.each([
    ['status 8', '#8 lift count=5 (bob@example.org): failed 30 s ago: slipped'],
    ['cancel #7', 'I told the lifter to end #7.'],
    ['cancel #8', '#8 is over already.'],
    ['failed all', '#8 lift count=5 (bob@example.org): failed 30 s ago: slipped'],
    ['retry 8', 'Scheduled heavy job... #12 (#8 once more) (it waits for a free slot)'],
    ['unschedule 2', 'Schedule 2 is off.'],
    [
      'schedules all',
      '2: lift count=5 every "0 6 * * *" (Europe/Vienna) (bob@example.org), next in 60 min',
    ],
  ])('an administrator may: %j', async (line, answer) => {
    expect((await say(line, 'root@example.org')).text).toBe(answer);
  });

  it('shows what each attempt of a job failed of, and as what it was run again', async () => {
    const attempt = {
      reason: 'failed',
      at: now - 45_000,
      lifter: 'lifter-2@example.org/x',
    } as const;
    const failures = [{ ...attempt, attempt: 1, error: { class: 'Error', message: 'too heavy' } }];
    const view = { entry, result: { ...failed, failures }, retriedAs: 12 };
    expect((await say('status 7', 'ada@example.org', { job: () => view })).text).toBe(
      [
        '#7 lift count=5: failed 30 s ago after 2 attempts: slipped; it has been run again as #12',
        '  attempt 1 on lifter-2, 45 s ago: too heavy',
      ].join('\n'),
    );
  });

  it('knows a failed job that the dispatcher has forgotten', async () => {
    const { text } = await say('status 8', 'bob@example.org', { job: () => undefined });
    expect(text).toBe('#8 lift count=5: failed 30 s ago: slipped');
  });

  it.each([
    [
      { kind: 'duplicate', job: failed.job, number: 12 },
      'There is #12 for it already: #8 is not run again.',
    ],
    [{ kind: 'refused', text: 'Try again in 5 s.' }, 'Try again in 5 s.'],
    [{ kind: 'impossible', reason: 'no lifter is there' }, "I can't do that: no lifter is there."],
  ] as const)('says why a failed job is not run again: %j', async (answer, text) => {
    const retry = async () => answer;
    expect((await say('retry 8', 'bob@example.org', { retry })).text).toBe(text);
  });

  it('tells in help what the asker may do, and how to say when and where', async () => {
    const { text } = await say('help');
    expect(text).toContain('lift [count=30]: Lifts something heavy.');
    expect(text).toContain('cancel job: ends a job');
    expect(text).toContain('every "0 6 * * *"');
    expect(text).not.toContain('exit');
    expect((await say('help', 'root@example.org')).text).toContain('exit [all]: stops me');
  });

  it('shows in help what a command takes', async () => {
    expect((await say('help lift')).text).toContain(
      'lift [count=30]: Lifts something heavy.\n  count: how many steps\nBehind a command',
    );
  });

  it('stops for an administrator, after it said so', async () => {
    const { reply, ended } = await say('exit', 'root@example.org');
    expect(reply.body).toBe('Bye.');
    expect(ended).toEqual([]);
    reply.afterwards?.();
    expect(ended).toEqual(['root@example.org said exit']);
  });

  it('has the others stop, too, if all are meant', async () => {
    const { reply, ended } = await say('exit all', 'root@example.org');
    expect(reply.body).toBe('Bye. 3 others stop, too.');
    reply.afterwards?.();
    expect(ended).toEqual(['others for root@example.org', 'root@example.org said exit']);
  });

  it('works only for the people it is configured to serve', async () => {
    for (const line of ['lift', 'help', 'status', 'dance', '"']) {
      const { text, ran } = await say(line, 'eve@elsewhere.example');
      expect(text).toBe('I only work for people of this server.');
      expect(ran).toEqual([]);
    }
  });

  it('says where a command was seen last that no lifter has now, and to nobody who may not have it', async () => {
    const { text: answer } = await say('greet you', 'ada@example.org', {
      lastSeen: (name) =>
        name === 'greet' ? { lifter: 'lifter-2', at: now - 300_000 } : undefined,
    });
    expect(answer).toBe('No lifter has `greet` now; last seen 5 min ago on lifter-2.');
    expect((await say('dance', 'ada@example.org', { lastSeen: () => undefined })).text).toBe(
      'Dunno how to dance',
    );
  });

  it('a lifter cannot take the place of a command of the bot', async () => {
    const { desk } = fakeDesk();
    const exit = { ...desk.specs.get('lift'), name: 'exit' };
    const specs = new Map([...desk.specs].map(([, spec]) => ['exit', { ...spec, ...exit }]));
    expect((await say('exit', 'root@example.org', { specs })).text).toBe('Bye.');
  });

  it.each([
    [{ kind: 'accepted', entry, waitsFor: 'long' }, 'Scheduled heavy job... #7 (it waits long)'],
    [{ kind: 'duplicate', job: entry.id, number: 7 }, 'That heavy job is scheduled already: #7'],
    [
      {
        kind: 'duplicate',
        job: entry.id,
        number: 7,
        isOthers: true,
        waitsFor: 'for its start in 365 d',
      },
      'That heavy job is scheduled already: #7 (somebody else asked for it; it waits for its start in 365 d)',
    ],
    [
      { kind: 'duplicate', job: failed.job, number: 8, ended: { entry, result: failed } },
      'That heavy job is scheduled already: #8 (it has ended: failed)',
    ],
    [
      { kind: 'scheduled', schedule, next: now + 60_000 },
      'Scheduled heavy job every "0 6 * * *" (Europe/Vienna): schedule 2, next in 60 s',
    ],
    [{ kind: 'impossible', reason: 'no such lifter' }, "I can't do that: no such lifter."],
    [{ kind: 'refused', text: 'Too much to do.' }, 'Too much to do.'],
  ] as const)('says what became of it: %j', async (outcome, answer) => {
    expect((await say('lift', undefined, { run: async () => outcome })).text).toBe(answer);
  });

  it('answers whatever is typed with something short', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 300 }),
          fc
            .array(
              fc.constantFrom('lift', 'status', '#7', '"', '=', 'in', 'every', 'on', '5', 'job='),
            )
            .map((words) => words.join(' ')),
        ),
        async (line) => {
          const { text } = await say(line);
          expect(text.length).toBeGreaterThan(0);
          expect(text.length).toBeLessThan(3_000);
        },
      ),
    ));
});
