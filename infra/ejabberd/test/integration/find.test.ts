import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  anyInstallation,
  type FindOptions,
  type FoundServer,
  findServer,
} from '../../src/index.js';
import { hasApt, isListening } from '../../src/launch/index.js';
import { engineAndImage } from './engine.js';

/** Nobody listens there. */
const NO_ENGINE = { DOCKER_HOST: 'tcp://127.0.0.1:1' };

let sandbox: string;
let emptySystem: string;
let stateDir: string;
const servers: FoundServer[] = [];
const lines: string[] = [];

beforeAll(async () => {
  sandbox = await mkdtemp(join(tmpdir(), 'heavylift-find-'));
  emptySystem = join(sandbox, 'empty');
  stateDir = join(sandbox, 'state');
  // Between the folders of a system without ejabberd lie files.
  await mkdir(join(emptySystem, 'usr/lib'), { recursive: true });
  await writeFile(join(emptySystem, 'usr/lib/os-release'), '');
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  lines.length = 0;
});
afterAll(() => rm(sandbox, { recursive: true, force: true }));

async function find(env: NodeJS.ProcessEnv, options: FindOptions = {}): Promise<FoundServer> {
  const server = await findServer({
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stateDir,
    prefix: emptySystem,
    log: (line) => lines.push(line),
    ...options,
  });
  servers.push(server);
  return server;
}

const engine = await engineAndImage('finding ejabberd in a container');
const apt = await hasApt();

describe('the server is', () => {
  it('first, the one that HEAVYLIFT_SERVICE names; it is only said, not asked', async () => {
    const server = await find({
      HEAVYLIFT_SERVICE: 'xmpp://127.0.0.1:1',
      HEAVYLIFT_ADMIN_JID: 'root@example.org',
      HEAVYLIFT_ADMIN_PASSWORD: 'secret',
    });
    expect(server).toMatchObject({ kind: 'external', domain: 'example.org' });
    expect(lines).toEqual(['Server: xmpp://127.0.0.1:1, because HEAVYLIFT_SERVICE says so.']);
  });

  it('second, an ejabberd on this machine, in the layout of its own packages', async () => {
    const prefix = await systemWithOfficialPackage();
    const server = await find({}, { prefix });
    expect(server.kind).toBe('installed');
    expect(await isListening(server.service)).toBe(true);
    expect(lines).toEqual([
      expect.stringMatching(
        /^Server: ejabberd .*, installed .*, because HEAVYLIFT_SERVICE is not set\.$/,
      ),
    ]);
  });

  it.skipIf(engine === undefined)('third, a container, if a Docker engine answers', async () => {
    const server = await find({ EJABBERD_IMAGE: engine?.image });
    expect(server.kind).toBe('container');
    expect(await isListening(server.service)).toBe(true);
    expect(lines.at(-1)).toMatch(
      /^Server: ejabberd in a container of .* ejabberd is not installed\.$/,
    );
  });

  describe.skipIf(!apt)('fourth, packages of the distribution', () => {
    it('unpacked, also after a run that was killed half-way', async () => {
      const leftover = join(stateDir, 'ejabberd-packages.partial-99999999-0a');
      await mkdir(leftover, { recursive: true });
      const server = await find(NO_ENGINE);
      expect(server.kind).toBe('unpacked');
      expect(await isListening(server.service)).toBe(true);
      expect(lines.at(-1)).toMatch(/^Server: ejabberd .* packages unpacked in .* no Docker engine/);
      expect(existsSync(leftover)).toBe(false);
    });

    it('unpacked only once, and their data are kept if that is wanted', async () => {
      const first = await find(NO_ENGINE, { keep: true });
      await first.stop();
      const second = await find(NO_ENGINE, { keep: true });
      expect(second.service).toBe(first.service);
      expect(lines.filter((line) => line.startsWith('fetching'))).toEqual([]);
      expect(await readdir(join(stateDir, 'data/unpacked'))).toContain('ejabberd.yml');
    });

    it.skipIf(engine === undefined)('also if the image cannot be had', async () => {
      const server = await find({ EJABBERD_IMAGE: 'localhost:1/no-such-image:1' });
      expect(server.kind).toBe('unpacked');
      expect(lines.at(-1)).toContain('Docker cannot run localhost:1/no-such-image:1');
    });
  });

  it('none, if there is nothing to run; then it is said what to install', async () => {
    const notAFolder = find(NO_ENGINE, { stateDir: '/dev/null/state' });
    await expect(notAFolder).rejects.toMatchObject({
      code: 'nothing-to-run',
      message: expect.stringMatching(
        /not installed, no Docker engine answers, .*install ejabberd.*install Docker.*set HEAVYLIFT/s,
      ),
    });
  });
});

/** Everything in one folder below /opt, made of links to the ejabberd that we have. */
async function systemWithOfficialPackage(): Promise<string> {
  const { root, bin, boot, libraries } = await anyInstallation();
  const prefix = join(sandbox, 'official');
  const home = join(prefix, 'opt/ejabberd-99.01');
  await mkdir(join(home, 'lib'), { recursive: true });
  await mkdir(join(home, 'releases/99.01'), { recursive: true });
  await symlink(dirname(bin), join(home, basename(dirname(bin))));
  await symlink(`${boot}.boot`, join(home, 'releases/99.01/start_clean.boot'));
  for (const folder of [join(root, 'lib'), libraries]) {
    for (const name of await readdir(folder)) {
      // Versions of libraries, and shared objects that were unpacked along.
      if (/-\d|\.so/.test(name)) await symlink(join(folder, name), join(home, 'lib', name));
    }
  }
  return prefix;
}
