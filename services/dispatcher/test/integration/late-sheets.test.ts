import { decodeJobMark, type JobEntry, makeJobId, readLedger, sheetCodec } from '@heavylift/jobs';
import { randomBytes } from '@heavylift/service';
import { describe, expect, it, vi } from 'vitest';
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

/** Sheets may also come late from a node of a cluster that had not passed them on when the ledger was read. */
describe('a sheet that a leader confirmed and the next one did not read', () => {
  it('is found: its jobs are not lost, and no number is given twice', async () => {
    const first = await startDispatcher('dispatcher.1');
    const lifter = await playLifter(0);
    const you = await chat('you');
    await vi.waitFor(async () => {
      await lifter.announce(0);
      expect(bodyOf(await you.say('help'))).toContain('sweep');
    }, patience);
    const known = decodeJobMark(await you.say('lift 1 in 1h'));
    await first.kill();
    await startDispatcher('dispatcher.2');
    await vi.waitFor(async () => {
      await lifter.announce(0);
      expect(bodyOf(await you.say('help'))).toContain('sweep');
    }, patience);
    const anew = decodeJobMark(await you.say('lift 2 in 1h'));

    const bot = await login(stage.provisioned.accounts.bot, 'late');
    const node = pubsubOf(bot).node(stage.provisioned.nodes.jobs, sheetCodec);
    const read = async () => (await node.items()).map(({ id, value }) => ({ id, sheet: value }));
    const sheets = (await read()).map(({ sheet }) => sheet);
    const epoch = Math.max(...sheets.map((sheet) => sheet.epoch));
    const begun = Math.min(
      ...sheets.filter((sheet) => sheet.epoch === epoch).map(({ sequence }) => sequence),
    );
    const open = async (): Promise<readonly JobEntry[]> => [...readLedger(await read()).entries()];
    const pattern = (await open()).find(({ id }) => id === known?.id);
    if (pattern === undefined || anew === undefined) throw new Error('a job is missing');
    const hidden: JobEntry = {
      ...pattern,
      id: makeJobId(Date.now(), randomBytes(10)),
      number: anew.number,
      requester: { jid: 'you@localhost/client', messageType: 'chat' },
    };
    const sheet = {
      ...{ epoch: epoch - 1, sequence: begun, floor: begun, dead: [], jobs: [hidden], gone: [] },
      epochs: [{ epoch: epoch - 1, since: 1 }],
      lastNumber: hidden.number,
    };
    const id = `${sheet.epoch}.${sheet.sequence}`;
    await node.publish(sheet, { id });

    await vi.waitFor(async () => {
      expect((await open()).map((entry) => entry.id)).toContain(hidden.id);
    }, patience);
    const numbers = (await open()).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toHaveLength(3);
    expect(bodyOf(await you.say('jobs'))).toMatch(new RegExp(`#${Math.max(...numbers)} lift`));
    await vi.waitFor(async () => expect((await read()).map((item) => item.id)).not.toContain(id), {
      ...patience,
      interval: 300,
    });
    for (const { number } of await open()) await you.say(`cancel ${number}`);
    await tell(...(await open()).map((entry) => entry.id));
  });
});
