import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EjabberdOptions,
  type EjabberdServer,
  makeTestCa,
  startEjabberd,
} from '@heavylift/ejabberd';
import { connectPubSub, createSession, type PubSubService } from '@heavylift/xmpp-pubsub';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli.js';

let folder: string;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heavylift-cli-'));
  return () => rm(folder, { recursive: true });
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serve(options: EjabberdOptions = {}): Promise<EjabberdServer> {
  const server = await startEjabberd(options);
  stops.push(() => server.stop());
  return server;
}

/** Runs a command line as the administrator of the server would. */
async function heavylift(server: EjabberdServer, ...args: string[]) {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const env = { HEAVYLIFT_ADMIN_PASSWORD: server.admin.password };
  const code = await runCli(args, { env, out: say, err: say });
  return { code, lines };
}

function provisioning(server: EjabberdServer, dir: string, ...more: string[]) {
  const { service, domain } = server;
  return heavylift(
    server,
    ...['provision', '--service', service, '--domain', domain, '--env-dir', dir],
    ...['--administrator', 'ann@localhost', '--allow-plaintext-on-loopback', ...more],
  );
}

async function owner({ service, domain, admin, pubsub }: EjabberdServer): Promise<PubSubService> {
  const tls = { allowPlaintextOnLoopback: true };
  const session = createSession({ service, domain, ...admin, tls });
  stops.push(() => session.stop());
  await session.start();
  return connectPubSub(session, { jid: pubsub });
}

const secretOf = async (file: string): Promise<string> =>
  /^XMPP_PASSWORD=(.*)$/m.exec(await readFile(file, 'utf8'))?.[1] ?? '';

describe('heavylift provision', () => {
  it('makes a server ready, then finds nothing to do, tells drift, and gives new passwords', async () => {
    const server = await serve();
    const dir = join(folder, 'whole');
    const absent = await provisioning(server, dir, '--check', '--lifters', '2');
    expect(absent.code).toBe(2);
    expect(absent.lines).toContain('there is no node heavylift/jobs');
    expect(absent.lines).toContain('no password is known for bot@localhost');

    const made = await provisioning(server, dir, '--lifters', '2');
    expect(made).toMatchObject({ code: 0 });
    expect(made.lines).toContain('made the account lifter-2@localhost');
    const file = join(dir, 'lifter-2.env');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const secret = await secretOf(file);
    expect(made.lines.join()).not.toContain(secret);

    const again = await provisioning(server, dir, '--lifters', '2');
    expect(again).toEqual({ code: 0, lines: ['Nothing had to be changed.'] });
    expect(await provisioning(server, dir, '--lifters', '2', '--check')).toEqual({
      code: 0,
      lines: ['All is as wanted.'],
    });

    await (await owner(server)).node('heavylift/jobs').configure({ accessModel: 'open' });
    const drifted = await provisioning(server, dir, '--lifters', '2', '--check');
    expect(drifted.code).toBe(2);
    expect(drifted.lines[0]).toContain('accessModel is open, not whitelist');
    await provisioning(server, dir, '--lifters', '2');

    await provisioning(server, dir, '--lifters', '2', '--rotate');
    expect(await secretOf(file)).not.toBe(secret);
    expect((await provisioning(server, dir, '--lifters', '2', '--check')).code).toBe(0);
  });

  it('gives nobody more access to what is there unless told to', async () => {
    const server = await serve();
    const dir = join(folder, 'narrow');
    await provisioning(server, dir);
    const held = await provisioning(server, dir, '--reader', 'app@localhost');
    expect(held.code).toBe(2);
    expect(held.lines).toContain(
      'held back: app@localhost is none of heavylift/results, not member',
    );
    const allowed = await provisioning(
      server,
      dir,
      '--reader',
      'app@localhost',
      '--allow-widening',
    );
    expect(allowed.code).toBe(0);
    expect(allowed.lines).toContain('made app@localhost member of heavylift/results (was none)');
  });
});

describe('heavylift doctor', () => {
  async function provisioned(options: EjabberdOptions = {}, ...more: string[]) {
    const server = await serve(options);
    const dir = await mkdtemp(join(folder, 'env-'));
    const { code, lines } = await provisioning(server, dir, ...more);
    if (code !== 0) throw new Error(lines.join('\n'));
    const examine = async (service: string, ...args: string[]) => {
      const config = ['--config', join(dir, `${service}.env`)];
      const { code: exit, lines: said } = await heavylift(server, 'doctor', ...config, ...args);
      return { code: exit, said, wrong: said.filter((line) => line.startsWith('✗')) };
    };
    return { server, dir, examine };
  }

  it('finds nothing wrong with a server that is as it should be, for any service', async () => {
    const { examine } = await provisioned();
    for (const service of ['dispatcher', 'notifier', 'lifter-1']) {
      const { code, said, wrong } = await examine(service, '--admin', 'admin');
      expect(wrong).toEqual([]);
      expect(code).toBe(0);
      expect(said.join('\n')).toMatch(/✓ limit.stanza-size/);
    }
  });

  it('names a node that others can read, and one that lost its publishers', async () => {
    const { server, examine } = await provisioned();
    const pubsub = await owner(server);
    await pubsub.node('heavylift/jobs').configure({ accessModel: 'open' });
    const results = pubsub.node('heavylift/results');
    await results.setAffiliations([{ jid: 'lifter-1@localhost', affiliation: 'member' }]);
    const { code, wrong } = await examine('lifter-1');
    expect(code).toBe(2);
    expect(wrong).toEqual([
      expect.stringContaining('node.access-model: heavylift/jobs can be read by others'),
      expect.stringContaining('node.affiliation: the account is member of heavylift/results'),
    ]);
  });

  it('names a server where anybody may create nodes, and nodes that anybody is told of', async () => {
    const open = await provisioned({ nodeCreators: 'all' });
    const { code, said, wrong } = await open.examine('lifter-1');
    expect(code).toBe(2);
    expect(wrong).toEqual([
      expect.stringContaining('pubsub.node-creation: a lifter may create nodes, so anybody may'),
    ]);
    expect(said.join('\n')).toContain('! pubsub.nodes-visible: anybody is told the names');
    const left: string[] = [];
    for await (const { node } of (await owner(open.server)).nodes()) left.push(node);
    expect(left.filter((node) => node.includes('doctor'))).toEqual([]);
    const closed = await provisioned();
    expect((await closed.examine('lifter-1')).said.join('\n')).toContain(
      '✓ pubsub.node-creation: a lifter may create no nodes',
    );
  });

  it('names a node that is missing, and a ledger that would forget jobs', async () => {
    const { server, examine } = await provisioned();
    const pubsub = await owner(server);
    await pubsub.node('heavylift/events').delete();
    await pubsub.node('heavylift/jobs').configure({ maxItems: 10 });
    const { code, wrong } = await examine('dispatcher', '--admin', 'admin');
    expect(code).toBe(2);
    expect(wrong).toEqual([
      expect.stringContaining('node.missing: there is no node heavylift/events'),
      expect.stringContaining('node.max-items: maxItems of heavylift/jobs is 10, not max'),
    ]);
  });

  it('names a server without TLS, and sends it no password', async () => {
    const { server, dir, examine } = await provisioned();
    const file = join(dir, 'dispatcher.env');
    const content = await readFile(file, 'utf8');
    await writeFile(file, content.replace(/^XMPP_ALLOW_PLAINTEXT.*\n/m, ''));
    const { code, said, wrong } = await examine('dispatcher');
    expect(code).toBe(2);
    expect(wrong).toEqual([expect.stringContaining('tls.missing')]);
    expect(said.join('\n')).toContain('? login: not tried');
    expect(await readFile(server.logFile, 'utf8')).not.toContain('bot@localhost by');
  });

  it('names a password that is not the account’s', async () => {
    const { server, examine } = await provisioned();
    await server.register('bot', 'another');
    const { code, wrong } = await examine('dispatcher');
    expect(code).toBe(2);
    expect(wrong).toEqual([expect.stringContaining('login.refused: bot@localhost')]);
  });

  it('names a server without PubSub', async () => {
    const { server, dir } = await provisioned();
    const bare = await serve({
      configure: ({ modules: { mod_pubsub: _, ...modules }, ...config }) => ({
        ...config,
        modules,
      }),
    });
    await bare.register('bot', await secretOf(join(dir, 'dispatcher.env')));
    const file = join(dir, 'dispatcher.env');
    const content = await readFile(file, 'utf8');
    await writeFile(file, content.replaceAll(server.service, bare.service));
    const { code, lines } = await heavylift(bare, 'doctor', '--config', file);
    expect(code).toBe(2);
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([
      expect.stringContaining('pubsub.missing: pubsub.localhost is no PubSub service'),
    ]);
  });

  it('names a shaper that is too slow, and a limit too low for a sheet', async () => {
    const slow = await provisioned({
      configure: (config) => ({
        ...config,
        // As in the example that distributions ship.
        shaper: { normal: { rate: 3_000, burst_size: 20_000 } },
        shaper_rules: {
          ...config.shaper_rules,
          c2s_shaper: [{ none: 'admin' }, { normal: 'all' }],
        },
        listen: config.listen.map((entry) =>
          entry['module'] === 'ejabberd_c2s' ? { ...entry, shaper: 'c2s_shaper' } : entry,
        ),
      }),
    });
    const slowly = await slow.examine('dispatcher');
    expect(slowly.wrong, slowly.said.join('\n')).toEqual([expect.stringContaining('limit.shaper')]);
    const small = await provisioned({
      configure: (config) => ({
        ...config,
        listen: config.listen.map((entry) =>
          entry['module'] === 'ejabberd_c2s' ? { ...entry, max_stanza_size: 32_768 } : entry,
        ),
      }),
    });
    expect((await small.examine('dispatcher')).wrong).toEqual([
      expect.stringContaining('limit.stanza-size'),
    ]);
  });

  it('tells encryption, and a certificate of nobody’s', async () => {
    const ca = await makeTestCa();
    const certificate = await ca.issue(['localhost']);
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, ca.certificate);
    const { dir, examine } = await provisioned({ tls: certificate }, '--ca-file', caFile);
    const { said, wrong } = await examine('dispatcher');
    expect(wrong).toEqual([]);
    expect(said.join('\n')).toMatch(/✓ tls: TLSv1\.3/);
    const file = join(dir, 'dispatcher.env');
    const content = await readFile(file, 'utf8');
    await writeFile(file, content.replace(/^XMPP_(TLS_CA|ALLOW_PLAINTEXT).*\n/gm, ''));
    expect((await examine('dispatcher')).wrong).toEqual([
      expect.stringContaining('tls.certificate'),
    ]);
  });
});
