import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Deployment, prepare } from './deployment.js';
import { buildAll, dockerOf, requirements } from './engine.js';

const found = await requirements('backup and restore', 'compose');

const files = [
  { file: 'single.yaml', servers: ['ejabberd'] },
  { file: 'cluster.yaml', servers: ['ejabberd-1', 'ejabberd-2'] },
] as const;

const backup = '/opt/ejabberd/database/heavylift.backup';

// The steps of docs/deploying.md, "Backup".
describe.skipIf(found === undefined).each(files)('a backup of $file', ({ file, servers }) => {
  const [first, second] = servers;
  let deployment: Deployment;

  beforeAll(async () => {
    if (found === undefined) return;
    await buildAll(dockerOf(found.engine), found.base);
    deployment = await prepare(found, file, `backup-${file.replace('.yaml', '')}`);
  }, 600_000);
  afterAll(() => deployment?.remove());

  const ctl = (...args: readonly string[]) =>
    deployment.compose('exec', '-T', first, 'ejabberdctl', ...args);

  /** As new, or as its volumes have it. */
  async function start(): Promise<void> {
    await deployment.compose('up', '--detach', '--wait', ...servers);
    await vi.waitFor(
      async () => expect((await ctl('list_cluster')).split('\n')).toHaveLength(servers.length),
      { timeout: 120_000, interval: 1_000 },
    );
  }

  async function wipe(): Promise<void> {
    await deployment.compose('down', '--volumes', '--timeout=10');
    await start();
    await deployment.compose(
      'cp',
      join(deployment.folder, 'heavylift.backup'),
      `${first}:${backup}`,
    );
  }

  const tell = (...args: readonly string[]) =>
    deployment.compose('run', '--rm', ...args).catch((error: unknown) => {
      const { stdout = '', stderr = '' } = Object(error);
      return `${stdout}${stderr}`;
    });

  it('is made while the server runs, and copied out of its volume', async () => {
    await start();
    await deployment.register(first, 'admin');
    await deployment.register(first, 'ann');
    await deployment.compose('run', '--rm', 'provision');
    await ctl('backup', backup);
    await deployment.compose(
      'cp',
      `${first}:${backup}`,
      join(deployment.folder, 'heavylift.backup'),
    );
    expect((await readFile(join(deployment.folder, 'heavylift.backup'))).length).toBeGreaterThan(
      9_999,
    );
  }, 600_000);

  it.skipIf(second !== undefined)(
    'does not come back by `ejabberdctl restore`, and the doctor says so, and what does',
    async () => {
      await wipe();
      await ctl('restore', backup);
      const said = await tell('doctor');
      expect(said).toContain('✗ node.rights-lost');
      expect(said).toContain('ejabberdctl install_fallback FILE');
      expect(await tell('provision')).toContain('ejabberdctl install_fallback FILE');
    },
    600_000,
  );

  it('comes back by `ejabberdctl install_fallback` and a restart: accounts, nodes and rights', async () => {
    await wipe();
    await ctl('install_fallback', backup);
    await deployment.compose('restart', '--timeout=30', ...servers);
    await start();
    expect(await ctl('registered_users', 'example.org')).toMatch(/^ann$/m);
    expect(await tell('provision')).toContain('Nothing had to be changed.');
    expect(await tell('doctor')).toContain('Nothing is wrong.');
  }, 600_000);
});
