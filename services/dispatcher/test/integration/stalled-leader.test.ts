import { setTimeout as sleep } from 'node:timers/promises';
import { openLine } from '@heavylift/ejabberd';
import { decodeJobMark, readLedger, sheetCodec } from '@heavylift/jobs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  bodyOf,
  chat,
  login,
  patience,
  playLifter,
  pubsubOf,
  stage,
  startDispatcher,
  tell,
} from './support/stage.js';

/** Long enough for the other one to take over, short enough for the server to keep the connection. */
const stallMs = 6_000;

/** Two dispatchers, of which the one that leads is at the end of a line that can stall. */
async function stage2() {
  const line = await openLine(stage.server.service);
  onTestFinished(() => line.close());
  await startDispatcher('dispatcher.1', {}, line.service);
  await startDispatcher('dispatcher.2');
  const lifter = await playLifter(0);
  const you = await chat('you');
  await vi.waitFor(async () => {
    await lifter.announce(9);
    expect(bodyOf(await you.say('lifters'))).toContain('lifter-1');
    expect(bodyOf(await you.say('help'))).toContain('sweep');
  }, patience);
  /** Says it; the leader's network stalls before what it writes to the node arrives, and recovers later. */
  async function sayIntoTheStall(text: string, node: string) {
    const stalled = line.stallBefore(node);
    const answer = you.say(text);
    await stalled;
    await sleep(stallMs);
    line.heal();
    return answer;
  }
  return { lifter, you, sayIntoTheStall };
}

const nodes = () => stage.provisioned.nodes;

async function ledger() {
  const session = await login(stage.provisioned.accounts.notifier, 'reader');
  const items = await pubsubOf(session).node(nodes().jobs, sheetCodec).items();
  await session.stop();
  return [...readLedger(items.map(({ id, value }) => ({ id, sheet: value }))).entries()];
}

const jobOf = (answer: Awaited<ReturnType<Awaited<ReturnType<typeof chat>>['say']>>) => {
  const mark = decodeJobMark(answer);
  if (mark === undefined) throw new Error(`no job in "${bodyOf(answer)}"`);
  return mark;
};

describe('a leader whose network stalls while it writes, and recovers when another one leads', () => {
  it('accepts no job that the other one does not have, and no number is given twice', async () => {
    const { you, lifter, sayIntoTheStall } = await stage2();
    const first = jobOf(await sayIntoTheStall('lift', `<publish node="${nodes().jobs}"`));
    const second = jobOf(await you.say('lift'));
    expect(second.number).not.toBe(first.number);
    const open = await ledger();
    expect(open.map(({ id }) => id)).toEqual(expect.arrayContaining([first.id, second.id]));
    expect(open).toHaveLength(2);
    await vi.waitFor(async () => {
      await lifter.announce(9);
      expect(lifter.given()).toHaveLength(2);
    }, patience);
    await tell(first.id, second.id);
  });

  it('says that a job is cancelled only if it is for the other one, too', async () => {
    const { you, sayIntoTheStall } = await stage2();
    const { id, number } = jobOf(await you.say('lift 3 in 1h'));
    const answer = bodyOf(
      await sayIntoTheStall(`cancel ${number}`, `<publish node="${nodes().jobs}"`),
    );
    expect(answer).toMatch(/will not run|is over/);
    expect(bodyOf(await you.say(`status ${number}`))).toMatch(/cancelled/);
    await tell(id);
  });

  it('makes no schedule that the other one does not have', async () => {
    const { you, sayIntoTheStall } = await stage2();
    const answer = await sayIntoTheStall(
      'lift every "0 0 1 1 *"',
      `<publish node="${nodes().schedules}"`,
    );
    const number = Number(/schedule (\d+)/.exec(bodyOf(answer) ?? '')?.[1]);
    expect(bodyOf(await you.say('schedules'))).toContain('0 0 1 1 *');
    expect(bodyOf(await you.say(`unschedule ${number}`))).toContain('off');
  });
});
