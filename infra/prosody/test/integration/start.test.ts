import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeTestCa } from '@heavylift/ejabberd';
import { isListening, streamFeatures } from '@heavylift/ejabberd/launch';
import { afterEach, describe, expect, it } from 'vitest';
import {
  findProsody,
  type ProsodyOptions,
  type ProsodyServer,
  startProsody,
} from '../../src/index.js';

const installation = await findProsody();
if (installation === undefined) {
  process.stderr.write(
    '\n*** SKIPPED: no Prosody on this machine, and no apt-get to fetch it. ***\n\n',
  );
}

/** Starts a server and then does nothing. */
const PARENT = `
  import { runnerImport } from 'vite';
  const source = ${JSON.stringify(fileURLToPath(new URL('../../src/index.ts', import.meta.url)))};
  const conditions = ['@heavylift/source', 'node', 'import'];
  const { module } = await runnerImport(source, {
    ssr: { noExternal: [/@heavylift/], resolve: { conditions } },
  });
  const { dir, service } = await module.startProsody();
  console.log(JSON.stringify({ dir, service }));
  setInterval(() => undefined, 1000);
`;

const servers: ProsodyServer[] = [];

async function start(options: ProsodyOptions = {}): Promise<ProsodyServer> {
  const server = await startProsody(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

describe.skipIf(installation === undefined)('a private Prosody', () => {
  it('offers SCRAM, and never takes a password in clear', async () => {
    const { service } = await start();
    expect((await streamFeatures(service)).mechanisms).toEqual(['SCRAM-SHA-1', 'SCRAM-SHA-256']);
  });

  it('comes back on the same port after a restart and a crash', async () => {
    const server = await start();
    const { pid, service } = server;
    await server.register('bot', 'secret');
    await server.restart();
    expect(server.pid).not.toBe(pid);
    await server.kill('SIGKILL');
    expect(await isListening(service)).toBe(false);
    await server.restart();
    expect(await isListening(service)).toBe(true);
  });

  it('leaves no port or folder behind when it is stopped', async () => {
    const server = await start();
    await server.stop();
    expect(await isListening(server.service)).toBe(false);
    expect(existsSync(server.dir)).toBe(false);
  });

  it('offers STARTTLS (RFC 6120 section 5) and direct TLS (XEP-0368)', async () => {
    const ca = await makeTestCa();
    const server = await start({ tls: await ca.issue(['localhost']), requireTls: true });
    const plain = await streamFeatures(server.service);
    expect(plain.xml).toContain('<required/>');
    const encrypted = await streamFeatures(server.tlsService ?? '', { ca: ca.certificate });
    expect(encrypted.mechanisms).toContain('SCRAM-SHA-256');
  });

  it('refuses a broken configuration with an error that carries the log', async () => {
    await expect(startProsody({ globalConfig: 'this is no Lua' })).rejects.toMatchObject({
      name: 'LaunchError',
      message: expect.stringContaining('prosody.cfg.lua'),
    });
  });

  it('ends by itself when the process that started it is killed, and takes its folder along', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const { dir, service } = JSON.parse(String(line));
    expect(await isListening(service)).toBe(true);
    parent.kill('SIGKILL');
    await expect
      .poll(async () => (await isListening(service)) || existsSync(dir), { timeout: 15_000 })
      .toBe(false);
  });
});
