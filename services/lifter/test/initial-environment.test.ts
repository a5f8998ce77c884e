import { spawnSync } from 'node:child_process';
import { describeOptions, processOptions } from '@heavylift/service';
import { beforeAll, describe, expect, it } from 'vitest';
import { lifterOptions } from '../src/config.js';
import { handlersEnvironment, isSecretName } from '../src/runner/environment.js';
import { build, built } from './support/build.js';

describe('no secret option reaches a handler', () => {
  beforeAll(build, 60_000);

  it('by its environment, whichever option it is', () => {
    const secret = describeOptions({ ...processOptions, ...lifterOptions }).filter(
      (option) => option.secret,
    );
    expect(secret.length).toBeGreaterThan(1);
    for (const { name } of secret) {
      expect(handlersEnvironment({ [name]: 'x', [`${name}_FILE`]: 'x', MY_TOKEN: 'x' })).toEqual({
        MY_TOKEN: 'x',
      });
    }
    expect(isSecretName('PATH')).toBe(false);
  });

  it.runIf(process.platform === 'linux')(
    "by what /proc shows of the lifter's environment at its start",
    () => {
      const program = `
        const { forgetVariables } = await import('${built('initial-environment.js').href}');
        const { execSync } = await import('node:child_process');
        const isHidden = forgetVariables((name) => name.startsWith('XMPP_'));
        const seen = execSync('cat /proc/$PPID/environ').toString();
        process.stdout.write(JSON.stringify({ isHidden, seen, own: process.env.XMPP_PASSWORD ?? null }));`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], A: 'before', XMPP_PASSWORD: 'sesame=1', Z: 'after' },
      });
      const { isHidden, seen, own } = JSON.parse(stdout);
      expect({ isHidden, own }).toEqual({ isHidden: true, own: null });
      expect(seen).not.toContain('sesame');
      expect(seen).toContain('A=before');
      expect(seen).toContain('Z=after');
    },
  );
});
