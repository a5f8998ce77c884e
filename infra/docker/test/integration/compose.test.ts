import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { logIn, type Person } from './chat.js';
import { type Deployment, prepare } from './deployment.js';
import { buildAll, dockerOf, requirements } from './engine.js';

const found = await requirements('compose', 'compose');

const files = [
  { file: 'single.yaml', servers: ['ejabberd'] },
  { file: 'cluster.yaml', servers: ['ejabberd-1', 'ejabberd-2'] },
] as const;

// The steps of docs/deploying.md.
describe.skipIf(found === undefined).each(files)('infra/compose/$file', ({ file, servers }) => {
  const [first, second] = servers;
  let deployment: Deployment;
  let password: string;
  let person: Person | undefined;

  beforeAll(async () => {
    if (found === undefined) return;
    await buildAll(dockerOf(found.engine), found.base);
    deployment = await prepare(found, file);
  }, 600_000);

  afterAll(async () => {
    await person?.stop();
    await deployment?.remove();
  });

  async function logInAs(username: string, server: string): Promise<Person> {
    const { domain, ca } = deployment;
    const service = `xmpp://${await deployment.address(server, 5222)}`;
    return logIn({ service, domain, username, password, tls: { ca } });
  }

  async function nodesOf(server: string): Promise<readonly string[]> {
    const said = await deployment.compose('exec', '-T', server, 'ejabberdctl', 'list_cluster');
    return said.split('\n');
  }

  it('starts, is provisioned, and does a job for somebody who asks', async () => {
    const { compose, register } = deployment;
    await compose('up', '--detach', '--wait', ...servers);
    // A node is up before it has joined.
    await vi.waitFor(async () => expect(await nodesOf(first)).toHaveLength(servers.length), {
      timeout: 60_000,
      interval: 1_000,
    });
    await register(first, 'admin');
    password = await register(first, 'ann');
    await compose('run', '--rm', 'provision');
    await compose('up', '--detach');
    person = await logInAs('ann', second ?? first);
    await person.liftOnce(60_000);
  }, 300_000);

  it('finds nothing to change when it is provisioned again', async () => {
    expect(await deployment.compose('run', '--rm', 'provision')).toContain(
      'Nothing had to be changed.',
    );
  }, 300_000);

  it.skipIf(second === undefined)(
    'does jobs when a node of the server was killed',
    async () => {
      await deployment.compose('kill', first);
      await person?.liftOnce(60_000);
    },
    300_000,
  );

  it.skipIf(second !== undefined)(
    'knows its accounts and does jobs again after it was taken down',
    async () => {
      await person?.stop();
      await deployment.compose('down');
      await deployment.compose('up', '--detach');
      person = await logInAs('ann', first);
      await person.liftOnce(60_000);
    },
    300_000,
  );
});
