import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerName } from '../../src/container.js';
import {
  type EjabberdServer,
  makeTestCa,
  startEjabberdContainer,
  type TestCa,
} from '../../src/index.js';
import { isListening, run, streamFeatures } from '../../src/launch/index.js';
import { engineAndImage } from './engine.js';
import { eventually, startInChild } from './processes.js';

const found = await engineAndImage('ejabberd in a container');

describe.skipIf(found === undefined)('ejabberd in a container', () => {
  let server: EjabberdServer;
  let ca: TestCa;
  const accounts = () => server.api('registered_users', { host: 'localhost' });
  const docker = (...args: string[]) => run(found?.engine.docker ?? 'docker', args);

  beforeAll(async () => {
    if (found === undefined) return;
    ca = await makeTestCa();
    server = await startEjabberdContainer({ ...found, tls: await ca.issue(['localhost']) });
  });
  afterAll(() => server?.stop());

  it('is published on loopback alone', async () => {
    const { port } = new URL(server.service);
    const published = await docker('ps', '--format', '{{.Ports}}', '--filter', `publish=${port}`);
    expect(published).toContain(`127.0.0.1:${port}->5222`);
    expect(published).not.toMatch(/0\.0\.0\.0:|\[?::\]?:/);
  });

  it('has the configuration of a child process', async () => {
    const plain = await streamFeatures(server.service);
    expect(plain.mechanisms).toEqual(['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512']);
    const encrypted = await streamFeatures(server.tlsService ?? '', { ca: ca.certificate });
    expect(encrypted.mechanisms).toContain('SCRAM-SHA-256');
  });

  it('comes back with its data on the same port after a restart and a crash', async () => {
    const { service } = server;
    await server.register('bot', 'secret');
    await server.restart();
    expect(await accounts()).toEqual(['admin', 'bot']);
    await server.kill();
    expect(server.running).toBe(false);
    await server.restart();
    expect(server.service).toBe(service);
    expect(await accounts()).toEqual(['admin', 'bot']);
  });

  it('leaves no container, volume, port or folder behind when it is stopped', async () => {
    // Containers of other tests may be there.
    const own = `name=${containerName(server.dir)}`;
    expect(await docker('volume', 'ls', '--quiet', '--filter', own)).not.toBe('');
    await server.stop();
    expect(await docker('ps', '--all', '--quiet', '--filter', own)).toBe('');
    expect(await docker('volume', 'ls', '--quiet', '--filter', own)).toBe('');
    expect(await isListening(server.service)).toBe(false);
    expect(existsSync(server.dir)).toBe(false);
  });

  it('ends by itself when the process that started it is killed', async () => {
    const source = new URL('../../src/index.ts', import.meta.url);
    const parent = await startInChild(source, 'startEjabberdContainer', found);
    const [{ service, dir }] = parent.servers;
    expect(await isListening(service)).toBe(true);
    parent.process.kill('SIGKILL');
    await eventually(async () => !(await isListening(service)));
    const own = `name=${containerName(dir)}`;
    await eventually(async () => (await docker('ps', '--all', '--quiet', '--filter', own)) === '');
    // Nobody was there any more to remove these two.
    await docker('volume', 'rm', containerName(dir));
    await rm(dir, { recursive: true });
  });
});
