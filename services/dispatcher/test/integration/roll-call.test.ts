import {
  LIFTER_NAMESPACE,
  lifterCodec,
  type RunningQuery,
  runningQueryCodec,
} from '@heavylift/jobs';
import { expect, it } from 'vitest';
import { callRoll } from '../../src/term/roll-call.js';
import { login, stage } from './support/stage.js';

const announcement = {
  ...{ version: '1', slots: 2, busy: 1, draining: false, handlers: ['lift'] },
  running: [{ id: '01890000-0000-7000-8000-000000000007', attempt: 1 }],
};

it('asks each lifter what it runs, names the newest sheet, and finds out who is gone or cannot answer (RFC 6120 section 8.2.3)', async () => {
  const { bot, lifters } = stage.provisioned.accounts;
  const [first, second] = lifters;
  if (first === undefined || second === undefined) throw new Error('two lifters are needed');
  const [asking, sound, broken, gone] = [
    await login(bot, 'dispatcher.1'),
    await login(first, 'a'),
    await login(second, 'a'),
    await login(second, 'b'),
  ];
  const asked: RunningQuery[] = [];
  sound.handle('get', 'query', LIFTER_NAMESPACE, async ({ payload }) => {
    asked.push(runningQueryCodec.decode(payload));
    return lifterCodec.encode(announcement);
  });
  broken.handle('get', 'query', LIFTER_NAMESPACE, async () => {
    throw new Error('out of order');
  });
  const jids = [sound, broken, gone].map(({ jid }) => String(jid));
  await gone.stop();

  const answers: unknown[] = [];
  const newest = { epoch: 3, sequence: 17 };
  await callRoll({
    session: asking,
    lifters: jids,
    query: () => ({ newest }),
    onAnswer: (lifter, answer) => answers.push([lifter, answer]),
    onAbsent: (lifter) => answers.push([lifter, 'absent']),
    onFailure: (error, lifter) => answers.push([lifter, error]),
  });
  expect(asked).toEqual([{ newest }]);
  expect(answers).toHaveLength(3);
  expect(answers).toEqual(
    expect.arrayContaining([
      [jids[0], announcement],
      [jids[1], expect.objectContaining({ code: 'stanza-error' })],
      [jids[2], 'absent'],
    ]),
  );
});
