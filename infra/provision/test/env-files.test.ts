import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { envFiles, passwordsIn, planProvision, writeEnvFiles } from '../src/index.js';

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'heavylift-env-')), 'env');
});
afterEach(() => rm(join(dir, '..'), { recursive: true }));

const options = {
  service: 'xmpp://127.0.0.1:5222',
  domain: 'example.org',
  admin: { username: 'admin', password: 'x' },
  lifters: 2,
  administrators: ['ann@example.org'],
};
const files = envFiles(planProvision(options));

describe('files for the services', () => {
  it('are written, one a service, readable by their owner alone', async () => {
    const changes = await writeEnvFiles(dir, files);
    expect(changes.map(({ why }) => why)).toEqual(Array(4).fill('there was none'));
    const names = (await readdir(dir)).sort();
    expect(names).toEqual(['dispatcher.env', 'lifter-1.env', 'lifter-2.env', 'notifier.env']);
    for (const name of names) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    const lines = (await readFile(join(dir, 'dispatcher.env'), 'utf8')).split('\n');
    expect(lines).toContain('DISPATCHER_ADMINS=ann@example.org');
    expect(lines).toContain('XMPP_USERNAME=bot');
  });

  it('give the passwords back, so that the next run keeps them', async () => {
    await writeEnvFiles(dir, files);
    const passwords = await passwordsIn(dir);
    expect(Object.keys(passwords).sort()).toEqual(['bot', 'lifter-1', 'lifter-2', 'notifier']);
    const again = envFiles(planProvision({ ...options, passwords }));
    expect(await writeEnvFiles(dir, again)).toEqual([]);
    expect(await passwordsIn(join(dir, 'absent'))).toEqual({});
  });

  it('keep what somebody added, and put right what he changed', async () => {
    await writeEnvFiles(dir, files);
    const path = join(dir, 'lifter-1.env');
    const content = await readFile(path, 'utf8');
    const changed = content.replace('BOT_ACCOUNT=bot@', 'BOT_ACCOUNT=rob@');
    await writeFile(path, `${changed}# more\nLIFTER_SLOTS=4\n`);
    expect(await writeEnvFiles(dir, files, { check: true })).toEqual([
      { path, why: 'BOT_ACCOUNT' },
    ]);
    expect(await readFile(path, 'utf8')).toContain('BOT_ACCOUNT=rob@');
    await writeEnvFiles(dir, files);
    expect(await readFile(path, 'utf8')).toBe(`${content}# more\nLIFTER_SLOTS=4\n`);
  });

  it('keep a value that we have nothing to say about', async () => {
    await writeEnvFiles(dir, files);
    const nobody = envFiles(
      planProvision({ ...options, administrators: [], passwords: await passwordsIn(dir) }),
    );
    expect(await writeEnvFiles(dir, nobody)).toEqual([]);
  });

  it('are closed to others again', async () => {
    await writeEnvFiles(dir, files);
    const path = join(dir, 'notifier.env');
    await chmod(path, 0o644);
    expect(await writeEnvFiles(dir, files)).toEqual([{ path, why: 'others could read it' }]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});
