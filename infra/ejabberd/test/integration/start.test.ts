import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type EjabberdOptions,
  type EjabberdServer,
  makeTestCa,
  startEjabberd,
} from '../../src/index.js';
import { isListening, streamFeatures } from '../../src/launch/probe.js';
import { eventually, isAlive, startInChild } from './processes.js';

const servers: EjabberdServer[] = [];

async function start(options: EjabberdOptions = {}): Promise<EjabberdServer> {
  const server = await startEjabberd(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const accounts = (server: EjabberdServer) => server.api('registered_users', { host: 'localhost' });

describe('a private ejabberd', () => {
  let server: EjabberdServer;
  beforeAll(async () => {
    server = await startEjabberd();
  });
  afterAll(() => server.stop());

  it('is ready when it has been started, with its administrator, on loopback alone', async () => {
    expect(server.service).toMatch(/^xmpp:\/\/127\.0\.0\.1:\d+$/);
    expect(await accounts(server)).toContain('admin');
    const listeners = await readFile(`/proc/${server.pid}/net/tcp`, 'utf8');
    const { port } = new URL(server.service);
    const hexPort = Number(port).toString(16).toUpperCase().padStart(4, '0');
    expect(listeners).toContain(`0100007F:${hexPort}`);
    expect(listeners).not.toContain(`00000000:${hexPort}`);
  });

  it('offers SCRAM with every hash we know, and never takes a password in clear', async () => {
    expect((await streamFeatures(server.service)).mechanisms).toEqual([
      'SCRAM-SHA-1',
      'SCRAM-SHA-256',
      'SCRAM-SHA-512',
    ]);
  });

  it('registers an account, and sets the password of one that is there', async () => {
    const check = (password: string) =>
      server.api('check_password', { user: 'bot', host: 'localhost', password });
    await server.register('bot', 'first');
    expect(await check('first')).toBe(0);
    await server.register('bot', 'second');
    expect(await check('second')).toBe(0);
    expect(await check('first')).toBe(1);
  });

  it('says what ejabberd says when it refuses a call', async () => {
    await expect(server.api('no_such_command')).rejects.toMatchObject({
      code: 'api-refused',
      message: expect.stringContaining('no_such_command'),
    });
  });
});

describe('the life of a private ejabberd', () => {
  it('leaves no process, port or folder behind when it is stopped', async () => {
    const server = await start();
    expect(existsSync(server.dir)).toBe(true);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(await isListening(server.service)).toBe(false);
    expect(existsSync(server.dir)).toBe(false);
    await server.stop();
  });

  it('runs beside others', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    await one.register('bot', 'secret');
    expect(await accounts(one)).toEqual(['admin', 'bot']);
    expect(await accounts(other)).toEqual(['admin']);
  });

  it('comes back with its data on the same port after a restart, a crash and a freeze', async () => {
    const server = await start();
    const { service, pid } = server;
    await server.register('bot', 'secret');
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.service).toBe(service);
    expect(await accounts(server)).toEqual(['admin', 'bot']);

    await server.kill('SIGKILL');
    expect(server.running).toBe(false);
    expect(await isListening(service)).toBe(false);
    await server.restart();
    expect(await accounts(server)).toEqual(['admin', 'bot']);

    process.kill(server.pid, 'SIGSTOP');
    await server.kill();
    await server.restart();
    expect(await isListening(service)).toBe(true);
  });

  it('keeps its data and ports in a folder that it was given', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'heavylift-kept-'));
    try {
      const first = await start({ dir });
      await first.register('bot', 'secret');
      await first.stop();
      const second = await start({ dir, adminPassword: 'changed' });
      expect(second.service).toBe(first.service);
      expect(second.admin.password).toBe('changed');
      expect(await accounts(second)).toEqual(['admin', 'bot']);
      await second.stop();
      expect(existsSync(join(dir, 'ejabberd.yml'))).toBe(true);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('refuses a folder in which another one runs, and leaves that one alone', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'heavylift-kept-'));
    try {
      const server = await start({ dir });
      await expect(startEjabberd({ dir })).rejects.toMatchObject({ code: 'folder-in-use' });
      expect(await accounts(server)).toEqual(['admin']);
      await server.stop();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('refuses a configuration with an error that carries the log, and leaves nothing', async () => {
    const starting = startEjabberd({
      configure: (config) => ({ ...config, no_such_option: true }),
    });
    await expect(starting).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringContaining('no_such_option'),
    });
  });

  it('gives up when ejabberd is not ready in time', async () => {
    await expect(startEjabberd({ timeoutMs: 1 })).rejects.toMatchObject({
      code: 'start-timeout',
      message: expect.stringContaining('was not ready after 0.001 s'),
    });
  });
});

describe('with a certificate', () => {
  it('offers STARTTLS (RFC 6120 section 5) and direct TLS (XEP-0368)', async () => {
    const ca = await makeTestCa();
    const server = await start({ tls: await ca.issue(['localhost']), requireTls: true });
    const plain = await streamFeatures(server.service);
    expect(plain.xml).toContain('<required/>');
    expect(plain.mechanisms).toEqual([]);
    const encrypted = await streamFeatures(server.tlsService ?? '', { ca: ca.certificate });
    expect(encrypted.mechanisms).toContain('SCRAM-SHA-256');
    await expect(streamFeatures(server.tlsService ?? '')).rejects.toThrow(/certificate|issuer/);
  });
});

describe('when the process that started it dies', () => {
  it('ends by itself, even if that was SIGKILL, and takes its folder along', async () => {
    const parent = await startInChild(
      new URL('../../src/index.ts', import.meta.url),
      'startEjabberd',
    );
    const [{ pid, dir, service }] = parent.servers;
    expect(isAlive(pid)).toBe(true);
    parent.process.kill('SIGKILL');
    await eventually(() => !isAlive(pid));
    expect(existsSync(dir)).toBe(false);
    expect(await isListening(service)).toBe(false);
  });
});
