import {
  CONTAINER,
  containerConfig,
  ensureImage,
  findEngine,
  OFFICIAL_IMAGE,
  PUBSUB_SERVICE,
} from '@heavylift/ejabberd';
import xml from '@xmpp/xml';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPubSub, createSession, type Session } from '../../src/index.js';
import { notes } from './pubsub/notes.js';
import { record } from './pubsub/recording.js';

const image = process.env['EJABBERD_IMAGE'] || OFFICIAL_IMAGE;
const obstacle = await whyNot();
if (obstacle !== undefined) {
  // Where the engine is provided, its absence is a failure.
  if (process.env['CONTAINER_SUITES'] === 'required') throw new Error(obstacle);
  const line = '*'.repeat(100);
  process.stderr.write(
    `\n${line}\nSKIPPED: ejabberd in a container, because ${obstacle}\n${line}\n\n`,
  );
}

/** Why no container can be run here, if so. */
async function whyNot(): Promise<string | undefined> {
  const engine = await findEngine();
  if (typeof engine === 'string') return engine;
  try {
    await ensureImage(engine, image);
    return undefined;
  } catch (error) {
    return `${image} cannot be had: ${error instanceof Error ? error.message : String(error)}`;
  }
}

describe.skipIf(obstacle !== undefined)(`${image} in a container`, () => {
  let container: StartedTestContainer;
  const sessions: Session[] = [];

  beforeAll(async () => {
    container = await new GenericContainer(image)
      .withExposedPorts(CONTAINER.ports.c2s)
      .withCopyContentToContainer([
        {
          content: containerConfig({ nodeCreators: 'all' }),
          target: CONTAINER.configFile,
          mode: 0o644,
        },
      ])
      .withWaitStrategy(Wait.forLogMessage(CONTAINER.ready))
      .start();
  });

  afterAll(async () => {
    try {
      await Promise.all(sessions.map((session) => session.stop()));
    } finally {
      await container?.stop();
    }
  });

  async function logIn(username: string) {
    const command = ['ejabberdctl', 'register', username, 'localhost', 'secret'];
    const { exitCode, output } = await container.exec(command);
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${output}`);
    const session = createSession({
      service: `xmpp://${container.getHost()}:${container.getMappedPort(CONTAINER.ports.c2s)}`,
      domain: 'localhost',
      username,
      password: 'secret',
      tls: { allowPlaintextOnLoopback: true },
    });
    sessions.push(session);
    await session.start();
    await session.send(xml('presence'));
    return connectPubSub(session, { jid: PUBSUB_SERVICE });
  }

  it('tells a subscriber what is published, and keeps it (XEP-0060 sections 6.1 and 7.1)', async () => {
    const publisher = await logIn('hamlet');
    const subscriber = await logIn('francisco');
    const own = publisher.node('soliloquies', notes);
    const foreign = subscriber.node('soliloquies', notes);
    await own.create({ accessModel: 'open', sendLastPublishedItem: 'never' });

    const recording = record(foreign);
    await foreign.subscribe();
    await own.publish('to be', { id: 'first' });

    const [item] = (await recording.first('published')).items;
    expect(item).toMatchObject({ id: 'first', value: 'to be' });
    expect(await foreign.items()).toMatchObject([{ id: 'first', value: 'to be' }]);
    recording.stop();
  });
});
