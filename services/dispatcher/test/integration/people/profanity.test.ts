import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Lifecycle } from '@heavylift/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type System, startSystem } from './system.js';

const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('./profanity_client.py', import.meta.url));
const isRequired = process.env['CI'] !== undefined;

function hasProfanity(): boolean {
  const check = "import pexpect, shutil, sys; sys.exit(shutil.which('profanity') is None)";
  return spawnSync(python, ['-c', check], { stdio: 'ignore' }).status === 0;
}

describe.skipIf(!isRequired && !hasProfanity())('people with profanity', () => {
  let system: System;
  let dispatcher: Lifecycle;

  beforeAll(async () => {
    system = await startSystem();
    const lifter = await system.playLifter();
    dispatcher = await system.startDispatcher();
    await lifter.announce();
  });
  afterAll(async () => {
    await dispatcher?.stop();
    await system?.stop();
  });

  /** Types into a terminal, and waits each time for what shows up. */
  async function type(lines: readonly (readonly [string, string])[]): Promise<string> {
    const { hostname, port } = new URL(system.server.service);
    const { stdout } = await promisify(execFile)(python, [
      script,
      'ada@localhost',
      system.passwordOf('ada'),
      hostname,
      port,
      JSON.stringify(lines),
    ]);
    return stdout.trim();
  }

  it('a conversation in a terminal (RFC 6121)', async () => {
    const typed = await type([
      [`/msg ${system.bot} help`, 'lift \\[count=30\\]: Lifts'],
      ['lift 5', 'Scheduled heavy job\\.\\.\\. #1'],
      ['status 1', '#1 lift count=5: runs on lifter-1'],
      ['cancel 1', 'I told the lifter to end #1'],
      ['dance', 'Dunno how to dance'],
      ['exit', 'Only an administrator may exit'],
    ]);
    expect(typed).toBe('ok');
  });
});
