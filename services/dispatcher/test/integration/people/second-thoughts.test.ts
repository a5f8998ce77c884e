import xml, { type Element } from '@xmpp/xml';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  bodyOf,
  chat,
  patience,
  playLifter,
  type RunningDispatcher,
  shutdowns,
  stage,
  startDispatcher,
  tell,
} from '../support/stage.js';

let dispatcher: RunningDispatcher;
let you: Awaited<ReturnType<typeof chat>>;
let lifter: Awaited<ReturnType<typeof playLifter>>;

const isReady = () =>
  vi.waitFor(async () => {
    expect(bodyOf(await you.say('help'))).toContain('lift');
  }, patience);

beforeEach(async () => {
  dispatcher = await startDispatcher();
  [you, lifter] = [await chat('you'), await playLifter(0)];
  await lifter.announce(20);
  await isReady();
});

const numberOf = (body: string | null) => Number(/#(\d+)/.exec(body ?? '')?.[1]);
const replaces = (id: string) => xml('replace', { xmlns: 'urn:xmpp:message-correct:0', id });
const fallback = (of: string, ...parts: Element[]) =>
  xml('fallback', { xmlns: 'urn:xmpp:fallback:0', for: of }, ...parts);
let ids = 0;
const fresh = () => `second-${++ids}`;

/** Says it without waiting for an answer. */
async function send(text: string, id: string, ...more: Element[]): Promise<void> {
  const to = stage.provisioned.accounts.bot.jid;
  await you.session.send(xml('message', { to, type: 'chat', id }, xml('body', {}, text), ...more));
}

const answersTo = (id: string) =>
  you.heard
    .filter((stanza) => stanza.getChild('reply', 'urn:xmpp:reply:0')?.attrs['id'] === id)
    .map(bodyOf);
const answerTo = (id: string) =>
  vi.waitFor(() => {
    const [answer] = answersTo(id);
    if (answer === undefined) throw new Error(`no answer to ${id}`);
    return answer;
  }, patience);

async function tidy(): Promise<void> {
  await vi.waitFor(async () => {
    await tell(...lifter.open().map(({ id }) => id));
    expect(lifter.open()).toEqual([]);
  }, patience);
}

describe('what offline storage kept while no dispatcher was there', () => {
  it('is done if it asks for a job, and not obeyed if it means now', async () => {
    const waiting = numberOf(bodyOf(await you.say('lift in 1h')));
    await you.say('lift every "0 6 * * *"');
    await dispatcher.stop();
    const [exit, cancel, retry, unschedule, job] = [fresh(), fresh(), fresh(), fresh(), fresh()];
    await send('exit', exit);
    await send(`cancel ${waiting}`, cancel);
    await send('retry 1', retry);
    await send('unschedule 1', unschedule);
    await send('lift 9', job);
    dispatcher = await startDispatcher('dispatcher.2');
    await lifter.announce(20);
    expect(await answerTo(job)).toMatch(/^Scheduled heavy job/);
    for (const id of [exit, cancel, retry, unschedule])
      expect(await answerTo(id)).toMatch(
        /^You wrote ".*" at .* UTC .* not obeyed it. Say it again/,
      );
    expect(shutdowns).toEqual([]);
    expect(bodyOf(await you.say(`${waiting}`))).toContain('waits for its start');
    expect(bodyOf(await you.say('schedules'))).toContain('0 6 * * *');
    expect(bodyOf(await you.say(`cancel ${waiting}`))).toBe(`#${waiting} will not run.`);
    await you.say('unschedule 1');
    await tidy();
  });

  it('is meant from when it was said', async () => {
    await dispatcher.stop();
    const [late, over] = [fresh(), fresh()];
    const saidAt = Date.now();
    await send('lift in 1h', late);
    await send('lift within 1s', over);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    dispatcher = await startDispatcher('dispatcher.3');
    expect(await answerTo(over)).toContain('a time that has passed');
    expect(await answerTo(late)).toMatch(/waits for its start/);
    const [entry] = await vi.waitFor(() => {
      expect(lifter.open()).toHaveLength(1);
      return lifter.open();
    }, patience);
    // Stamps are in whole seconds on some servers.
    expect(Math.abs((entry?.notBefore ?? 0) - saidAt - 3_600_000)).toBeLessThan(1_500);
    await you.say(`cancel ${entry?.number}`);
    await tidy();
  });
});

describe('a correction (XEP-0308)', () => {
  it('amends the job while it waits, once, however often it is corrected', async () => {
    const id = fresh();
    const number = numberOf(bodyOf(await you.say('lift 5 in 1h', id)));
    const corrected = await you.say('lift 7 in 2h priority 3', fresh(), replaces(id));
    expect(bodyOf(corrected)).toMatch(`#${number} is changed: lift count=7 (it waits`);
    await you.say('lift 8', fresh(), replaces(id));
    await vi.waitFor(() => {
      expect(lifter.open()).toMatchObject([{ number, args: { count: 8 }, priority: 0 }]);
      expect(lifter.given()).toHaveLength(1);
    }, patience);
    const late = bodyOf(await you.say('lift 9', fresh(), replaces(id)));
    expect(late).toMatch(`Too late to correct that: #${number} has started.`);
    const [entry] = lifter.given();
    if (entry !== undefined) await lifter.succeed(entry);
    await tidy();
    expect(bodyOf(await you.say('lift 9', fresh(), replaces(id)))).toMatch(/is over/);
    expect(lifter.open()).toEqual([]);
  });

  it('makes another command of it, and heeds unique keys', async () => {
    const id = fresh();
    const number = numberOf(bodyOf(await you.say('sweep hall in 1h', id)));
    const other = numberOf(bodyOf(await you.say('sweep kitchen in 1h')));
    const clash = bodyOf(await you.say('sweep kitchen', fresh(), replaces(id)));
    expect(clash).toBe(`I can't do that: #${other} does that already. #${number} stays as it was.`);
    expect(bodyOf(await you.say('sweep attic in 1h', fresh(), replaces(id)))).toContain('changed');
    const hall = bodyOf(await you.say('sweep hall in 1h'));
    expect(hall).toMatch(/^Scheduled sweeping/);
    expect(bodyOf(await you.say('sweep attic'))).toContain(`already: #${number}`);
    expect(bodyOf(await you.say('lift 5 in 1h', fresh(), replaces(id)))).toContain(
      `#${number} is changed: lift count=5`,
    );
    expect(bodyOf(await you.say('dance', fresh(), replaces(id)))).toContain('stays as it was');
    for (const each of [number, other, numberOf(hall)]) await you.say(`cancel ${each}`);
    await tidy();
  });

  it('of what was not understood is the new command, and can be corrected again', async () => {
    const id = fresh();
    expect(bodyOf(await you.say('lfit 5', id))).toContain('Dunno how to lfit');
    const number = numberOf(bodyOf(await you.say('lift 5 in 1h', fresh(), replaces(id))));
    expect(bodyOf(await you.say('lift 6 in 1h', fresh(), replaces(id)))).toContain(
      `#${number} is changed`,
    );
    await you.say(`cancel ${number}`);
    await tidy();
  });

  it('holds under the next dispatcher, and makes no second job of what nobody knows', async () => {
    const id = fresh();
    const number = numberOf(bodyOf(await you.say('lift 5 in 1h', id)));
    await dispatcher.kill();
    dispatcher = await startDispatcher('dispatcher.4');
    await isReady();
    expect(bodyOf(await you.say('lift 6 in 1h', fresh(), replaces(id)))).toContain(
      `#${number} is changed`,
    );
    expect(bodyOf(await you.say('lift 6', fresh(), replaces('long-ago')))).toContain(
      'send it as a new message',
    );
    await you.say(`cancel ${number}`);
    await tidy();
  });

  it("counts for the sender's own messages only", async () => {
    const id = fresh();
    const number = numberOf(bodyOf(await you.say('lift 5 in 1h', id)));
    const ada = await chat('ada');
    await ada.say('lift 6', fresh(), replaces(id));
    expect(bodyOf(await you.say(`${number}`))).toContain('count=5');
    await you.say(`cancel ${number}`);
    await tidy();
  });
});

describe('a retraction (XEP-0424)', () => {
  const retracts = (id: string) => xml('retract', { xmlns: 'urn:xmpp:message-retract:1', id });
  const note = 'This person attempted to retract a previous message';
  const takeBack = (id: string) =>
    you.say(note, fresh(), retracts(id), fallback('urn:xmpp:message-retract:1'));

  it('cancels the job if it still waits, and says if it is too late', async () => {
    const [waits, runs] = [fresh(), fresh()];
    const first = numberOf(bodyOf(await you.say('lift 5 in 1h', waits)));
    const second = numberOf(bodyOf(await you.say('lift 5', runs)));
    await vi.waitFor(() => expect(lifter.given()).toHaveLength(1), patience);
    expect(bodyOf(await takeBack(waits))).toBe(`#${first} will not run.`);
    expect(bodyOf(await takeBack(runs))).toContain(`#${second} has started`);
    expect(bodyOf(await you.say(`${second}`))).toContain('runs on');
    expect(bodyOf(await takeBack(waits))).toContain('is over');
    const [entry] = lifter.given();
    if (entry !== undefined) await lifter.succeed(entry);
    await tidy();
  });
});

describe('what is no command', () => {
  it('is not read as one: fallbacks of reactions and replies', async () => {
    const [reaction, reply] = [fresh(), fresh()];
    const reacts = xml(
      'reactions',
      { xmlns: 'urn:xmpp:reactions:0', id: 'x' },
      xml('reaction', {}, '👍'),
    );
    await send('lift', reaction, reacts, fallback('urn:xmpp:reactions:0'));
    const quote = '> lift 5\n';
    const range = xml('body', { start: '0', end: `${quote.length}` });
    const answer = await you.say(
      `${quote}version`,
      reply,
      xml('reply', { xmlns: 'urn:xmpp:reply:0', id: 'x', to: stage.provisioned.accounts.bot.jid }),
      fallback('urn:xmpp:reply:0', range),
    );
    expect(bodyOf(answer)).toBe('Heavylift 1.2.3');
    expect(answersTo(reaction)).toEqual([]);
    expect(lifter.open()).toEqual([]);
  });
});
