import { setTimeout as sleep } from 'node:timers/promises';
import { startEjabberd } from '@heavylift/ejabberd';
import { describe, expect, it, vi } from 'vitest';
import { startDemo } from '../support/demo-run.js';
import { isRunning, until } from '../support/processes.js';

// A run takes 7 seconds; on a machine that is busy with other things, several times that. Much of it is waiting, for one process to be
// up before the next is started: two runs at once take little longer than one.
vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 });

const nothing = { processes: [], files: [] };
describe.concurrent('npm start with a script', () => {
  it('says the lines, waits for every answer, and leaves nothing', async () => {
    await using run = await startDemo({ args: ['--script', 'lift; lift 15; dance', '--timing'] });
    expect(await run.ended(), run.stderr).toBe(0);
    const lines = run.stdout.trimEnd().split('\n');
    const talk = lines.filter((line) => /^(you|bot): /.test(line));
    expect(talk.filter((line) => !line.startsWith('bot: #'))).toEqual([
      'you: lift',
      'bot: Scheduled heavy job... #1',
      'you: lift 15',
      'bot: Scheduled heavy job... #2',
      'you: dance',
      'bot: Dunno how to dance',
      'bot: Done lifting #2',
      'bot: Done lifting #1',
    ]);
    // Progress, by what it is about, and not each of the 45 steps.
    const progress = talk.filter((line) => line.startsWith('bot: #1 '));
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.length).toBeLessThan(10);
    expect(lines.filter((line) => /^ {5}\(answered in \d+\.\d ms\)$/.test(line))).toHaveLength(3);
    expect(lines[0]).toMatch(/^ {5}\(server .* s, accounts and nodes .* s, services .* in all\)$/);
    expect(run.stderr).toMatch(/^Server: /m);

    expect([...run.seen.values()].join('\n')).toMatch(/dispatcher.*notifier.*lifter/s);
    expect(await run.leftovers()).toEqual(nothing);
  });

  it('reads the lines from a pipe, and `exit` waits for the jobs before it', async () => {
    await using run = await startDemo({ input: 'lift 5\n\nexit\n' });
    expect(await run.ended(), run.stderr).toBe(0);
    const talk = run.stdout.split('\n').filter((line) => line !== '' && !/^bot: #/.test(line));
    expect(talk.slice(0, 4)).toEqual([
      'you: lift 5',
      'bot: Scheduled heavy job... #1',
      'bot: Done lifting #1',
      'you: exit',
    ]);
    expect(talk[4]).toMatch(/^bot: /);
    expect(await run.leftovers()).toEqual(nothing);
  });

  it('fails when an answer does not come in time, and names the log', async () => {
    await using run = await startDemo({ args: ['--script', 'lift 600', '--timeout', '5'] });
    await run.says('Scheduled');
    process.kill(run.service('notifier'), 'SIGSTOP');
    expect(await run.ended()).toBe(1);
    expect(run.stderr).toContain('Nothing heard for 5 s. #1 has not ended.');
    expect(run.log()).toBeDefined();
    expect(await run.leftovers()).toEqual(nothing);
  });

  it('starts as many lifters as it is told', async () => {
    await using run = await startDemo({ args: ['--script', 'lift 1', '--lifters', '2'] });
    expect(await run.ended(), run.stderr).toBe(0);
    const lifters = [...run.seen.values()].filter((command) =>
      command.includes('/lifter/dist/main.js'),
    );
    expect(lifters).toHaveLength(2);
    expect(await run.leftovers()).toEqual(nothing);
  });
});

describe.concurrent('when something dies during a run', () => {
  it.each([
    ['dispatcher', 'SIGKILL', 'dispatcher ended unexpectedly (SIGKILL).'],
    ['notifier', 'SIGKILL', 'notifier ended unexpectedly (SIGKILL).'],
    ['lifter', 'SIGKILL', 'lifter-1 ended unexpectedly (SIGKILL).'],
    ['dispatcher', 'SIGTERM', 'dispatcher ended unexpectedly (exit code 0).'],
  ] as const)('%s by %s: it says so and stops', async (service, signal, message) => {
    await using run = await startDemo({ args: ['--script', 'lift 600'] });
    await run.says('Scheduled');
    process.kill(run.service(service), signal);
    expect(await run.ended()).toBe(1);
    expect(run.stderr).toContain(message);
    expect(run.log()).toBeDefined();
    expect(await run.leftovers()).toEqual(nothing);
  });

  it('the server: it says so and stops', async () => {
    await using run = await startDemo({ args: ['--script', 'lift 600'] });
    await run.says('Scheduled');
    process.kill(run.server(), 'SIGKILL');
    expect(await run.ended()).toBe(1);
    expect(run.stderr).toContain('The server broke off');
    expect(await run.leftovers()).toEqual(nothing);
  });

  it('the demo itself: what it started ends by itself', async () => {
    await using run = await startDemo({ args: ['--script', 'lift 600'] });
    await run.says('Scheduled');
    expect(run.seen.size).toBeGreaterThanOrEqual(4);
    run.child.kill('SIGKILL');
    await until(() => [...run.seen.keys()].every((pid) => !isRunning(pid)));
    expect(await run.leftovers()).toEqual(nothing);
  });
});

describe.concurrent('when it is told to stop', () => {
  it.each([0, 400, 1_000, 1_800, 2_500])(
    'by SIGTERM after %i ms: it leaves nothing',
    async (ms) => {
      await using run = await startDemo({ args: ['--script', 'lift 600'] });
      await sleep(ms);
      run.child.kill('SIGTERM');
      expect([143, -1]).toContain(await run.ended());
      expect(await run.leftovers()).toEqual(nothing);
    },
  );

  it('by nobody reading what it says', async () => {
    await using run = await startDemo({ args: ['--script', 'lift 600'] });
    await run.says('Scheduled');
    run.child.stdout?.destroy();
    expect(await run.ended()).toBe(1);
    expect(run.stderr).toContain('Nobody reads the output any more.');
    expect(await run.leftovers()).toEqual(nothing);
  });
});

// `script` of util-linux makes the terminal; elsewhere it takes other options.
describe.skipIf(process.platform !== 'linux').concurrent('npm start at a terminal', () => {
  it('talks at a prompt, shows progress in place, and ends with `exit`', async () => {
    await using run = await startDemo({ terminal: true });
    await run.says('you: ');
    run.type('lift 15\r');
    await run.says('Scheduled heavy job... #1');
    await run.says(/#1 .*15/);
    await run.says('Done lifting #1');
    run.type('exit\r');
    expect(await run.ended(), run.stdout).toBe(0);
    expect(await run.leftovers()).toEqual(nothing);
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('ends with %s at the prompt', async (_, key) => {
    await using run = await startDemo({ terminal: true });
    await run.says('you: ');
    run.type(key);
    expect(await run.ended(), run.stdout).toBe(0);
    expect(await run.leftovers()).toEqual(nothing);
  });

  it('ends with Ctrl-C before there is a prompt', async () => {
    await using run = await startDemo({ terminal: true });
    await run.says('Server: ');
    run.type('\u0003');
    expect(await run.ended(), run.stdout).toBe(130);
    expect(await run.leftovers()).toEqual(nothing);
  });
});

describe.concurrent('what npm start is told', () => {
  it('is refused with exit code 2 if it is not known', async () => {
    await using run = await startDemo({ args: ['--faster'] });
    expect(await run.ended()).toBe(2);
    expect(run.stderr).toBe("Unknown option '--faster'. See --help.\n");
  });

  it('is explained by --help', async () => {
    await using run = await startDemo({ args: ['--help'] });
    expect(await run.ended()).toBe(0);
    expect(run.stdout).toMatch(/^Usage: npm start/);
  });

  it('includes a server of somebody else, which is provisioned and goes on', async () => {
    const server = await startEjabberd();
    try {
      await using run = await startDemo({
        args: ['--script', 'lift 1; dance'],
        env: {
          HEAVYLIFT_SERVICE: server.service,
          HEAVYLIFT_ADMIN_JID: `${server.admin.username}@${server.domain}`,
          HEAVYLIFT_ADMIN_PASSWORD: server.admin.password,
        },
      });
      expect(await run.ended(), run.stderr).toBe(0);
      expect(run.stderr).toContain(server.service);
      expect(run.stdout).toContain('bot: Done lifting #1');
      expect(server.running).toBe(true);
      expect(await run.leftovers()).toEqual(nothing);
    } finally {
      await server.stop();
    }
  });

  it('includes a server: one that is not there is named', async () => {
    await using run = await startDemo({
      args: ['--script', 'lift'],
      env: {
        HEAVYLIFT_SERVICE: 'xmpp://127.0.0.1:9',
        HEAVYLIFT_ADMIN_JID: 'admin@localhost',
        HEAVYLIFT_ADMIN_PASSWORD: 'x',
      },
    });
    expect(await run.ended()).toBe(1);
    expect(run.stderr).toContain('xmpp://127.0.0.1:9');
    expect(await run.leftovers()).toEqual(nothing);
  });
});
