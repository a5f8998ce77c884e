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

  it('is found to be in order by the doctor, for all services at once', async () => {
    const said = await deployment.compose('run', '--rm', 'doctor');
    expect(said).toMatch(/dispatcher as bot@example\.org.*lifter as.*notifier as/s);
    expect(said).toContain('Nothing is wrong.');
  }, 300_000);

  /** Asks one container at another, as Prometheus would. */
  async function ask(url: string, host?: string): Promise<string> {
    const program = `require('http').get('${url}', ${host === undefined ? '{}' : `{ headers: { host: '${host}' } }`}, (r) => {
      let text = '';
      r.on('data', (d) => (text += d)).on('end', () => console.log(r.statusCode, text));
    })`;
    return deployment.compose('exec', '-T', 'dispatcher', 'node', '-e', program);
  }

  it('gives its metrics to whoever is on the network, by address or name, and to no other name', async () => {
    for (const service of ['dispatcher', 'notifier', 'lifter', 'lifter-2'])
      expect(await ask(`http://${service}:9464/metrics`)).toMatch(/^200 .*heavylift_ready \d\n/s);
    expect(await ask('http://notifier:9464/metrics', 'evil.example')).toMatch(/^421 /);
  });

  it.skipIf(second !== undefined)(
    'gives the administrator another password, from a file and not from a command line',
    async () => {
      const { write, composeWithInput } = deployment;
      const to = async (password: string) => {
        await write('new-password', password);
        const command =
          'node /app/service/dist/main.js account admin --env-dir /env --admin-password-file /run/secrets/admin-password --new-password-file -';
        return composeWithInput(
          'new-password',
          'run',
          '--rm',
          '-T',
          '--entrypoint',
          command,
          'provision',
        );
      };
      // The same again: what follows knows no other.
      expect(await to('secret-of-admin')).toContain('set the password of admin@example.org');
    },
    300_000,
  );

  it.skipIf(second !== undefined)(
    'has as many lifters as one command says, which keep their access, and passwords can change',
    async () => {
      const { composeWith, write } = deployment;
      const grown = await composeWith(
        [],
        ...['run', '--rm', 'provision', '--lifters', '3', '--allow-widening'],
      );
      expect(grown).toContain('made lifter-3@example.org member of heavylift/jobs');
      await write(
        'trusting.yaml',
        `services:\n  lifter-3:\n    environment: { NODE_EXTRA_CA_CERTS: /authority.pem }\n    volumes: ['./authority.pem:/authority.pem:ro']\n`,
      );
      const more = ['env/lifters.yaml', 'trusting.yaml'];
      await composeWith(more, 'up', '--detach', '--force-recreate', 'dispatcher', 'notifier');
      await composeWith(more, 'up', '--detach', 'lifter-3');
      const ready = (lifter: string) =>
        vi.waitFor(async () => expect(await ask(`http://${lifter}:9464/readyz`)).toMatch(/^200 /), {
          timeout: 60_000,
          interval: 1_000,
        });
      await ready('lifter-3');
      // The documented call is for two.
      const again = await deployment.compose('run', '--rm', 'provision');
      expect(again).toContain('Nothing had to be changed.');
      expect(again).toContain('3 lifters are known and keep their access');
      await deployment.compose('run', '--rm', 'provision', '--rotate-account', 'lifter-1');
      await composeWith(more, 'up', '--detach', '--force-recreate', 'lifter-1');
      await ready('lifter-1');
      await person?.liftOnce(60_000);
    },
    300_000,
  );

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
