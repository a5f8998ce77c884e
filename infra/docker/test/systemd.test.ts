import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { envFileNames, infra } from './files.js';

const units = [
  'heavylift-dispatcher.service',
  'heavylift-notifier.service',
  'heavylift-lifter@.service',
];
const folder = fileURLToPath(new URL('../../systemd/', import.meta.url));

/** The settings of a unit, the last of each. */
const settings = (unit: string): ReadonlyMap<string, string> =>
  new Map(
    [...infra(`systemd/${unit}`).matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  );

describe.each(units)('infra/systemd/%s', (unit) => {
  it('reads what `heavylift provision` writes, and is nobody in particular', () => {
    const file = settings(unit).get('EnvironmentFile')?.replace('%i', '1');
    expect(envFileNames(1).map((name) => `/etc/heavylift/${name}`)).toContain(file);
    expect(settings(unit).get('DynamicUser')).toBe('yes');
  });

  it('stays down after `exit` and when its configuration is wrong', () => {
    expect(settings(unit).get('Restart')).toBe('on-failure');
    expect(settings(unit).get('RestartPreventExitStatus')).toBe('2');
  });

  it('bounds processes and memory', () => {
    expect(Number(settings(unit).get('TasksMax'))).toBeGreaterThan(0);
    expect(settings(unit).get('MemoryMax')).toMatch(/^\d+[MG]$/);
  });

  const analyze = '/usr/bin/systemd-analyze';
  // It asks, too, whether the program is there.
  it.skipIf(!existsSync(analyze) || !existsSync('/usr/bin/node'))(
    'is right in the eyes of systemd',
    () => {
      const instance = unit.replace('@', '@1');
      const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` };
      const run = (...args: string[]) => execFileSync(analyze, args, { env, encoding: 'utf8' });
      run(
        'verify',
        '--man=no',
        instance.includes('@') ? `${folder}${instance}` : `${folder}${unit}`,
      );
      // Exposure of at most 2 in 10, the hardening of all units included: without that it is above 8.
      run('security', '--offline=yes', '--threshold=20', instance);
    },
  );
});
