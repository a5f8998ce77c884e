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

const NAME = 'name=heavylift-ejabberd';

const found = await engineAndImage('ejabberd in a container');

describe.skipIf(found === undefined)('ejabberd in a container', () => {
  let server: EjabberdServer;
  let ca: TestCa;
  const accounts = () => server.api('registered_users', { host: 'localhost' });
  let volumesBefore: string;
  const docker = (...args: string[]) => run(found?.engine.docker ?? 'docker', args);
  const volumes = () => docker('volume', 'ls', '--quiet', '--filter', NAME);

  beforeAll(async () => {
    if (found === undefined) return;
    volumesBefore = await volumes();
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
    await server.stop();
    expect(await docker('ps', '--all', '--quiet', '--filter', NAME)).toBe('');
    expect(await volumes()).toBe(volumesBefore);
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
    await eventually(async () => (await docker('ps', '--quiet', '--filter', NAME)) === '');
    // Nobody was there any more to remove these two.
    await docker('volume', 'rm', containerName(dir));
    await rm(dir, { recursive: true });
  });
});
