import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { endMarked, runMark } from '../../src/runner/descendants.js';
import { attemptsOf } from '../support/attempts.js';
import { build } from '../support/build.js';

const moduleUrl = new URL('../support/leftovers.mjs', import.meta.url).href;

/** How many processes have these arguments. */
function count(words: string): number {
  const isIt = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').includes(words);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isIt(name)).length;
}

describe.runIf(process.platform === 'linux')('programs that left their process group', () => {
  beforeAll(build, 60_000);

  it('are ended by their mark, and no others', async () => {
    const start = (mark: string) =>
      spawn('setsid', ['sleep', '1233'], {
        stdio: 'ignore',
        env: { ...process.env, [runMark]: mark },
      });
    const [mine, other] = [start('descendants-test-1'), start('descendants-test-2')];
    await Promise.all([once(mine, 'spawn'), once(other, 'spawn')]);
    await expect.poll(() => count('sleep 1233')).toBeGreaterThan(1);
    endMarked(runMark, 'descendants-test-1');
    await once(mine, 'exit');
    expect(other.exitCode ?? other.signalCode).toBeNull();
    other.kill('SIGKILL');
  });

  it.each(['thread', 'process'] as const)(
    'end with the job of a handler: %s',
    async (isolation) => {
      const attempts = attemptsOf(moduleUrl);
      const { outcome } = attempts.run('daemon', { isolation });
      expect(await outcome).toEqual({ type: 'succeeded', value: 'left' });
      await expect.poll(() => count('sleep 1234.5')).toBe(0);
      await attempts.runner.stop();
    },
  );
});
