import { handlersCodec, nodeName, resultsCodec } from '@heavylift/jobs';
import { connectPubSub, createSession } from '@heavylift/xmpp-pubsub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dispatcher } from './support/dispatcher.js';
import { eventually } from './support/eventually.js';
import { type Performer, type Stage, setStage } from './support/stage.js';

let stage: Stage;
let dispatcher: Dispatcher;
let lifter: Performer;

/** Another lifter's account, in hands that mean harm: it publishes under ids that are lifter-1's. */
async function squat(): Promise<void> {
  const { service, domain, accounts, pubsubJid } = stage.provisioned;
  const { username, password } = accounts.lifters[1] ?? { username: '', password: '' };
  await using session = createSession({
    ...{ service, domain, username, password },
    tls: { allowPlaintextOnLoopback: true },
  });
  await session.start();
  const pubsub = connectPubSub(session, { jid: pubsubJid });
  const results = pubsub.node(nodeName('results'), resultsCodec);
  for (let place = 0; place < 5; place += 1)
    await results.publish([], { id: `lifter-1@localhost:${place}` });
  await pubsub.node(nodeName('handlers'), handlersCodec).publish([], { id: 'lifter-1@localhost' });
}

beforeAll(async () => {
  stage = await setStage();
  dispatcher = await stage.lead();
  await squat();
  lifter = await stage.lift(dispatcher, { LIFTER_RESULTS_KEPT: '5' });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

describe('a lifter whose ids another account has taken', () => {
  it('is not stuck: it tells its results under other ids', async () => {
    const jobs = [];
    for (let count = 0; count < 3; count += 1)
      jobs.push(await dispatcher.assign({ lifter: lifter.jid, args: { count: 1, step: 0 } }));
    for (const job of jobs) {
      const { value, publisher } = await dispatcher.resultOf(job);
      expect(value.status).toBe('succeeded');
      expect(publisher?.bare).toBe('lifter-1@localhost');
    }
  });

  it('publishes its handlers under another id that names it', async () => {
    const item = await eventually('the handlers', async () =>
      (await dispatcher.handlers.items()).find(
        ({ publisher }) => publisher?.bare === 'lifter-1@localhost',
      ),
    );
    expect(item?.id).toBe('lifter-1@localhost/1');
    expect(item?.value.map(({ name }) => name)).toContain('lift');
  });

  it('says that the server would not have it', () => {
    const said = lifter.lines.map(({ msg }) => msg);
    expect(said).toContain('the server has not confirmed outcomes, trying again');
    expect(said).toContain('the handlers could not be published, trying again');
  });
});
