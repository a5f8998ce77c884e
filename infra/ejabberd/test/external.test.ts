import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { externalServer } from '../src/external.js';

const complete = {
  HEAVYLIFT_SERVICE: 'xmpps://chat.example.org:5223',
  HEAVYLIFT_ADMIN_JID: 'admin@example.org',
  HEAVYLIFT_ADMIN_PASSWORD: 'secret',
};

const messageFor = (env: NodeJS.ProcessEnv): Promise<string> =>
  externalServer(env).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe('a server that the environment names', () => {
  it('is none if HEAVYLIFT_SERVICE is not set, whatever else is', async () => {
    expect(await externalServer({})).toBeUndefined();
    expect(await externalServer({ ...complete, HEAVYLIFT_SERVICE: ' ' })).toBeUndefined();
  });

  it('is known by its address and an administrator', async () => {
    expect(await externalServer(complete)).toMatchObject({
      service: 'xmpps://chat.example.org:5223',
      domain: 'example.org',
      pubsub: 'pubsub.example.org',
      admin: { username: 'admin', password: 'secret' },
    });
  });

  it('may have a PubSub service of another name', async () => {
    const env = { ...complete, HEAVYLIFT_PUBSUB_SERVICE: 'queue.example.org' };
    expect(await externalServer(env)).toMatchObject({ pubsub: 'queue.example.org' });
  });

  it('may keep the password in a file', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'heavylift-test-'));
    try {
      const file = join(dir, 'password');
      await writeFile(file, 'from a file\n');
      const { HEAVYLIFT_ADMIN_PASSWORD: _, ...rest } = complete;
      const env = { ...rest, HEAVYLIFT_ADMIN_PASSWORD_FILE: file };
      expect(await externalServer(env)).toMatchObject({ admin: { password: 'from a file' } });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('is refused with every problem named at once, each with what is expected', async () => {
    const message = await messageFor({
      HEAVYLIFT_SERVICE: 'http://example.org',
      HEAVYLIFT_ADMIN_JID: 'example.org',
      HEAVYLIFT_ADMIN_PASSWORD_FILE: '/no/such/file',
    });
    expect(message).toContain('HEAVYLIFT_SERVICE is "http://example.org". Expected: where');
    expect(message).toContain('HEAVYLIFT_ADMIN_JID is "example.org". Expected: an account');
    expect(message).toContain('HEAVYLIFT_ADMIN_PASSWORD cannot be read: there is no file /no/such');
  });

  it('is refused if the password is given twice, without showing it', async () => {
    const message = await messageFor({ ...complete, HEAVYLIFT_ADMIN_PASSWORD_FILE: '/x' });
    expect(message).toContain('set one of them');
    expect(message).not.toContain('secret');
  });
});
