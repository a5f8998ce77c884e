import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../src/cli.js';
import { describeFinding, doubt, right } from '../src/doctor/finding.js';
import { mendsFor } from '../src/doctor/mends.js';
import { readPatient } from '../src/doctor/patient.js';
import { isBefore } from '../src/doctor/server-checks.js';
import { composeFile } from '../src/provision/compose-file.js';

const folder = mkdtempSync(join(tmpdir(), 'heavylift-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(args, {
    env,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('heavylift', () => {
  it('says what it can do', async () => {
    const { code, out } = await run([]);
    expect(code).toBe(0);
    expect(out).toMatch(/provision .*\n.*account .*\n.*doctor /);
    for (const command of ['provision', 'account', 'doctor']) {
      expect(await run([command, '--help'])).toMatchObject({
        code: 0,
        out: expect.stringMatching(new RegExp(`^Usage: heavylift ${command} `)),
      });
    }
  });

  const enough = ['--domain', 'x.org', '--env-dir', join(folder, 'env')];
  const env = { HEAVYLIFT_ADMIN_PASSWORD: 'secret' };
  it.each([
    ['an unknown command', ['dance'], 'there is no command dance'],
    ['an unknown option', ['provision', '--dance'], '--dance'],
    ['a missing domain', ['provision', '--env-dir', join(folder, 'no')], '--domain is needed'],
    ['a missing folder', ['provision', '--domain', 'x.org'], '--env-dir is needed'],
    ['half a lifter', ['provision', ...enough, '--lifters', '1.5'], 'a whole number, not "1.5"'],
    ['a reader who is none', ['provision', ...enough, '--reader', 'ann'], '"ann" is no bare JID'],
    ['odd access', ['provision', ...enough, '--results-access', 'all'], 'not "all"'],
    ['a rotation of nobody', ['provision', ...enough, '--rotate-account', 'ann'], 'no account ann'],
    ['less of nothing', ['provision', ...enough, '--shrink'], '--shrink needs --lifters'],
    [
      'an account without a password',
      ['account', 'ann', '--domain', 'x.org'],
      '--new-password-file',
    ],
    ['two accounts', ['account', 'ann', 'bob'], 'one name'],
    ['a folder without files', ['doctor', '--env-dir', folder], 'holds no configuration'],
    ['a contradiction', ['provision', ...enough, '--check', '--rotate'], 'which?'],
    ['no configuration', ['doctor'], 'XMPP_DOMAIN is not given'],
    ['half an owner', ['doctor', '--admin', 'admin'], 'problems in the configuration'],
  ])('refuses %s, says why and exits 1', async (_, args, message) => {
    const { code, out, err } = await run(args, env);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
  });

  it('needs the password of the administrator, from a file or the environment', async () => {
    expect((await run(['provision', ...enough])).err).toContain('HEAVYLIFT_ADMIN_PASSWORD');
  });
});

describe('whose configuration it is', () => {
  const account = { XMPP_DOMAIN: 'x.org', XMPP_USERNAME: 'a', XMPP_PASSWORD: 'p' };
  it.each([
    ['dispatcher', { NOTIFIER_ACCOUNT: 'notifier@x.org' }],
    ['notifier', { BOT_USERNAME: 'bot', BOT_PASSWORD: 'p' }],
    ['lifter', { BOT_ACCOUNT: 'bot@x.org' }],
  ] as const)('is told by what only a %s has', (role, own) => {
    expect(readPatient({ ...account, ...own }, undefined).role).toBe(role);
  });

  it('may stand in a file with options that only the service knows', () => {
    const file = join(folder, 'lifter.env');
    writeFileSync(file, 'BOT_ACCOUNT=bot@x.org\nLIFTER_SLOTS=4\n');
    expect(readPatient(account, file).role).toBe('lifter');
  });

  it('is nobody’s if nothing tells', () => {
    expect(() => readPatient(account, undefined)).toThrow('configuration of no service');
  });
});

describe('a version', () => {
  it.each([
    ['23.01-1', '26.07', true],
    ['26.07', '26.07', false],
    ['26.7.1', '26.07', false],
    ['26.10', '26.07', false],
    ['0.11.9', '0.11.12', true],
    ['13.0.1', '0.11.12', false],
    ['hg:nightly', '0.11.12', true],
  ])('%s is before %s: %s', (version, since, before) => {
    expect(isBefore(version, since)).toBe(before);
  });
});

it('tells a finding with its mark, and how to mend it', () => {
  expect(describeFinding(right('ping', 'answered'))).toBe('✓ ping: answered');
  expect(describeFinding(doubt('clock', 'late', 'NTP.'))).toBe('! clock: late\n    → NTP.');
});

describe('lifters for Docker Compose', () => {
  it('are those beyond the ones that the file has itself', () => {
    expect(composeFile('single.yaml', 2)).toMatch(/^services: \{\}$/m);
    expect(composeFile('cluster.yaml', 4)).toMatch(/^services: \{\}$/m);
    const text = composeFile('single.yaml', 4);
    expect(text.match(/^ {2}lifter-\d+:$/gm)).toEqual([
      ...['  lifter-3:', '  lifter-4:', '  lifter-3:', '  lifter-4:'],
    ]);
    expect(text).toContain('file: ./env/lifter-4.env');
  });
});

describe('what mends it, as it can be typed', () => {
  const domain = 'x.org';
  it('names the folder, and the options that are not remembered there', () => {
    const configFile = join(folder, 'dispatcher.env');
    expect(mendsFor({ env: {}, configFile, domain })).toEqual({
      provision: `Run \`heavylift provision --env-dir ${folder} --domain x.org\`.`,
      provisionWidening: `Run \`heavylift provision --env-dir ${folder} --domain x.org --allow-widening\`.`,
    });
    const dir = join(folder, 'known');
    mkdirSync(dir);
    writeFileSync(join(dir, 'provision.conf'), 'PROVISION_DOMAIN=x.org\n');
    const env = { npm_lifecycle_event: 'heavylift' };
    expect(mendsFor({ env, envDir: dir, adminPasswordFile: 'pw', domain }).provision).toBe(
      `Run \`npm run heavylift -- provision --env-dir ${dir} --admin-password-file pw\`.`,
    );
  });

  it('is what compose calls it, in compose', () => {
    const env = { HEAVYLIFT_PROVISION_COMMAND: 'docker compose run --rm provision' };
    expect(mendsFor({ env, envDir: '/env', domain }).provisionWidening).toBe(
      'Run `docker compose run --rm provision --allow-widening`.',
    );
  });
});
