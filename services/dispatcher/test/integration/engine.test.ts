import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJobMark, lifterCodec, readLedger, scheduleCodec, sheetCodec } from '@heavylift/jobs';
import { createPrometheusMetrics } from '@heavylift/service';
import xml from '@xmpp/xml';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  bodyOf,
  chat,
  login,
  patience,
  playLifter,
  pubsubOf,
  stage,
  startDispatcher,
  tell,
} from './support/stage.js';

type Person = Awaited<ReturnType<typeof chat>>;
type PlayedLifter = Awaited<ReturnType<typeof playLifter>>;

/** A lifter that is known and has free slots, and somebody who asks. */
async function ready(slots = 9): Promise<{ lifter: PlayedLifter; you: Person }> {
  const lifter = await playLifter(0);
  await lifter.announce(slots);
  const you = await chat('you');
  await vi.waitFor(async () => {
    expect(bodyOf(await you.say('lifters'))).toContain('lifter-1');
    expect(bodyOf(await you.say('help'))).toContain('sweep');
  }, patience);
  return { lifter, you };
}

const hour = 3_600_000;

const jobOf = (answer: Awaited<ReturnType<Person['say']>>) => {
  const mark = decodeJobMark(answer);
  if (mark === undefined) throw new Error(`no job in "${bodyOf(answer)}"`);
  return mark;
};

async function letGo(lifter: PlayedLifter): Promise<void> {
  await vi.waitFor(
    async () => {
      // What the ledger has taken in a moment ago may not have come here before.
      await tell(...lifter.open().map(({ id }) => id));
      await sleep(100);
      expect((await ledgerInNode()).open).toEqual([]);
      expect(lifter.open()).toEqual([]);
    },
    { ...patience, interval: 500 },
  );
}

/** The ledger as whoever comes new to the node finds it. */
async function ledgerInNode(): Promise<{ epoch: number; open: string[] }> {
  const session = await login(stage.provisioned.accounts.notifier, 'reader');
  const items = await pubsubOf(session).node(stage.provisioned.nodes.jobs, sheetCodec).items();
  await session.stop();
  const sheets = items.map(({ id, value }) => ({ id, sheet: value }));
  return {
    epoch: Math.max(0, ...sheets.map(({ sheet }) => sheet.epoch)),
    open: [...readLedger(sheets).entries()].map(({ id }) => id),
  };
}

/** Puts the clock of the day on, for this test. */
function clockAhead(): (ms: number) => void {
  const now = Date.now;
  let aheadMs = 0;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
  onTestFinished(() => void clock.mockRestore());
  return (ms) => {
    aheadMs += ms;
  };
}

const entryOf = (lifter: PlayedLifter, job: string) =>
  vi.waitFor(() => {
    const entry = lifter.given().find(({ id }) => id === job);
    if (entry === undefined) throw new Error(`${job} was not given to the lifter`);
    return entry;
  }, patience);

describe('with a dispatcher', () => {
  it('a job that waits is cancelled at once, one that runs by its lifter', async () => {
    await startDispatcher();
    const { lifter, you } = await ready(1);
    const [runs, waits] = [jobOf(await you.say('lift')), jobOf(await you.say('lift'))];
    await entryOf(lifter, runs.id);
    expect(bodyOf(await you.say(`cancel ${waits.number}`))).toContain(`#${waits.number}`);
    await you.say(`cancel ${runs.number}`);
    await vi.waitFor(() => {
      expect(lifter.given()).toMatchObject([
        { id: runs.id, cancelRequested: { by: 'you@localhost' } },
      ]);
    }, patience);
    expect(bodyOf(await you.say(`status ${waits.number}`))).toMatch(/cancelled/i);
    await letGo(lifter);
  });

  it('a job that runs says how far it has come, by its own lifter', async () => {
    await startDispatcher();
    const { lifter, you } = await ready();
    const job = jobOf(await you.say('lift'));
    const entry = await entryOf(lifter, job.id);
    const other = await playLifter(1);
    await other.progress(entry, 29, 30);
    await lifter.progress(entry, 12, 30);
    await vi.waitFor(async () => {
      expect(bodyOf(await you.say(`#${job.number}`))).toMatch(/runs on lifter-1 .*, 12 of 30$/);
    }, patience);
    await letGo(lifter);
  });

  it('a job that is too late ends as expired', async () => {
    await startDispatcher();
    const { lifter, you } = await ready(0);
    const { id, number } = jobOf(await you.say('lift within 1s'));
    await vi.waitFor(async () => {
      expect(bodyOf(await you.say(`status ${number}`))).toContain('deadline');
    }, patience);
    await tell(id);
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
  });

  it('the same message twice is one job, and so is the same unique key', async () => {
    await startDispatcher();
    const { lifter, you } = await ready();
    const message = xml(
      'message',
      { to: stage.provisioned.accounts.bot.jid, type: 'chat', id: 'twice' },
      xml('body', {}, 'lift'),
    );
    await you.session.send(message);
    await you.session.send(message);
    const answers = await vi.waitFor(() => {
      const found = you.heard.filter(
        (stanza) => stanza.getChild('reply', 'urn:xmpp:reply:0')?.attrs['id'] === 'twice',
      );
      expect(found).toHaveLength(2);
      return found;
    }, patience);
    expect(new Set(answers.map((answer) => jobOf(answer).id)).size).toBe(1);

    const first = jobOf(await you.say('sweep kitchen'));
    const same = await you.say('sweep room=kitchen');
    expect(jobOf(same)).toMatchObject({ id: first.id, number: first.number });
    expect(jobOf(await you.say('sweep hall')).id).not.toBe(first.id);
    await vi.waitFor(() => expect(lifter.open()).toHaveLength(3), patience);
    await letGo(lifter);
  });

  it('a job that failed for good is retried under a new number, with the same arguments', async () => {
    await startDispatcher();
    const { lifter, you } = await ready();
    const failing = jobOf(await you.say('lift 7'));
    await lifter.fail(await entryOf(lifter, failing.id));
    await tell(failing.id);
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
    expect(bodyOf(await you.say(`status ${failing.number}`))).toMatch(/too heavy/);
    const again = jobOf(await you.say(`retry ${failing.number}`));
    expect(again.number).toBeGreaterThan(failing.number);
    expect(await entryOf(lifter, again.id)).toMatchObject({
      args: { count: 7 },
      attempt: 1,
      failures: [],
    });
    const twice = bodyOf(await you.say(`retry ${failing.number}`));
    expect(twice).toBe(
      `There is #${again.number} for it already: #${failing.number} is not run again.`,
    );
    await letGo(lifter);
  });

  it('a failed job is known under the next dispatcher, and can be retried there', async () => {
    const first = await startDispatcher();
    const { lifter, you } = await ready();
    const failing = jobOf(await you.say('lift 8'));
    await lifter.fail(await entryOf(lifter, failing.id));
    await letGo(lifter);
    await first.stop();
    await startDispatcher('dispatcher.2');
    await lifter.announce(9);
    expect(bodyOf(await you.say('failed'))).toContain(`#${failing.number} lift count=8: failed`);
    expect(bodyOf(await you.say(`${failing.number}`))).toMatch(/failed .* too heavy$/);
    const again = jobOf(await you.say(`retry ${failing.number}`));
    expect(bodyOf(await you.say(`${failing.number}`))).toMatch(
      new RegExp(`too heavy; it has been run again as #${again.number}$`),
    );
    await letGo(lifter);
  });

  it('a job for all is done by every lifter, and answered once', async () => {
    await startDispatcher();
    const { lifter, you } = await ready();
    const other = await playLifter(1);
    await other.announce();
    await vi.waitFor(async () => {
      expect(bodyOf(await you.say('lifters'))).toContain('lifter-2');
    }, patience);
    const whole = jobOf(await you.say('lift 3 on all'));
    for (const each of [lifter, other]) {
      const [part] = await vi.waitFor(() => {
        expect(each.given()).toHaveLength(1);
        return each.given();
      }, patience);
      if (part !== undefined) await each.succeed(part);
    }
    await vi.waitFor(async () => {
      expect(bodyOf(await you.say(`status ${whole.number}`))).toMatch(/done|succeeded/i);
    }, patience);
    await tell(whole.id);
    await vi.waitFor(() => expect(lifter.open()).toEqual([]), patience);
  });

  it('a schedule brings a job again and again, under the next dispatcher too, until it is taken off', async () => {
    const first = await startDispatcher();
    const { lifter, you } = await ready();
    expect(bodyOf(await you.say('lift 2 every "* * * * * *"'))).toContain('schedule 1');
    await vi.waitFor(() => expect(lifter.given().length).toBeGreaterThan(0), patience);
    await first.stop();
    const before = lifter.open().length;
    await startDispatcher('dispatcher.2');
    await lifter.announce(9);
    await vi.waitFor(() => expect(lifter.open().length).toBeGreaterThan(before), patience);
    await you.say('unschedule 1');
    expect(bodyOf(await you.say('schedules'))).not.toContain('* * *');
    await letGo(lifter);
  });

  it('a run that a crash left unnoted is not brought again, be its job open or over, but the next run is', async () => {
    const putClockOn = clockAhead();
    const start = (resource: string) => startDispatcher(resource, { missedRuns: 'once' });
    const first = await start('dispatcher.1');
    const { lifter, you } = await ready();
    const inHalfAnHour = new Date(Date.now() + hour / 2).getUTCMinutes();
    await you.say(`lift 2 every "${inHalfAnHour} * * * *"`);
    const bot = await login(stage.provisioned.accounts.bot, 'editor');
    const node = pubsubOf(bot).node(stage.provisioned.nodes.schedules, scheduleCodec);
    const [unnoted] = await node.items();
    if (unnoted === undefined) throw new Error('the schedule is not in the node');
    const runIsNoted = () =>
      vi.waitFor(async () => {
        expect((await node.items())[0]?.value.last).toBeGreaterThan(unnoted.value.created);
      }, patience);
    // As a crash leaves it between the writing of the job and the note of the run.
    const forgetRun = () => node.publish(unnoted.value, { id: unnoted.id });

    putClockOn(hour);
    await runIsNoted();
    const { open: brought } = await ledgerInNode();
    expect(brought).toHaveLength(1);
    await first.kill();
    await forgetRun();
    const second = await start('dispatcher.2');
    await runIsNoted();
    expect((await ledgerInNode()).open).toEqual(brought);

    await lifter.announce(9);
    const entries = await Promise.all(brought.map((job) => entryOf(lifter, job)));
    await Promise.all(entries.map(lifter.succeed));
    await letGo(lifter);
    await second.kill();
    await forgetRun();
    await start('dispatcher.3');
    await runIsNoted();
    expect((await ledgerInNode()).open).toEqual([]);

    putClockOn(hour);
    await lifter.announce(9);
    await vi.waitFor(() => expect(lifter.given()).toHaveLength(1), patience);
    expect(lifter.given().map(({ id }) => id)).not.toEqual(brought);
    await you.say(`unschedule ${unnoted.value.number}`);
    await letGo(lifter);
  });

  it('the backlog is bounded, by person too, and the refusal says when to try again', async () => {
    await startDispatcher('dispatcher.1', {
      limits: { openJobs: 3, openJobsOfRequester: 2, schedules: 10, schedulesOfRequester: 1 },
    });
    const { lifter, you } = await ready();
    const ada = await chat('ada');
    await you.say('lift');
    await you.say('lift');
    expect(bodyOf(await you.say('lift'))).toMatch(/2 are allowed. Try again in/);
    await ada.say('lift');
    expect(bodyOf(await ada.say('lift'))).toMatch(/no more than 3 are taken. Try again in/);
    await letGo(lifter);
  });
});

describe('what is said by those who may not', () => {
  it('is ignored and counted: of jobs by other lifters, of who was told by lifters, of lifters by strangers', async () => {
    const metrics = createPrometheusMetrics((error) => {
      throw error;
    });
    await startDispatcher('dispatcher.1', { metrics });
    const { lifter, you } = await ready();
    const other = await playLifter(1);
    const job = jobOf(await you.say('lift'));
    const entry = await entryOf(lifter, job.id);
    const { id, number, kind, attempt, submitted } = entry;
    await other.publish({
      ...{ job: id, number, kind, attempt, submitted, lifter: lifter.jid },
      ...{ finished: Date.now(), failures: [], status: 'cancelled' },
    });
    await other.say({ type: 'told', job: id, at: Date.now() });
    await other.say({
      ...{ type: 'attempt', job: id, attempt, lifter: lifter.jid, at: Date.now() },
      ...{ outcome: 'failed', reason: 'failed', error: { class: 'Error', message: 'forged' } },
    });
    const announcement = lifterCodec.encode({
      ...{ version: '1', slots: 9, busy: 0, draining: false, handlers: ['lift'], running: [] },
    });
    const to = stage.provisioned.accounts.bot.jid;
    await you.session.send(xml('presence', { to }, announcement));
    await vi.waitFor(async () => {
      const text = await metrics.text();
      for (const source of ['results', 'events', 'presence'])
        expect(text).toContain(`heavylift_ignored_total{source="${source}",reason="untrusted"} 1`);
    }, patience);
    expect(bodyOf(await you.say(`${number}`))).toContain('runs on lifter-1');
    expect(bodyOf(await you.say('lifters'))).not.toContain('you');
    await lifter.succeed(entry);
    await letGo(lifter);
  });
});

describe('with two dispatchers', () => {
  it('one acts; when it is killed the other takes over, and every accepted job is there', async () => {
    const leader = await startDispatcher('dispatcher.1');
    await startDispatcher('dispatcher.2');
    const { lifter, you } = await ready();
    const before = jobOf(await you.say('lift'));
    await leader.kill();
    const killed = performance.now();
    const after = jobOf(await you.say('lift'));
    // Take-over is to take 5 s at most; a busy machine gets some more.
    expect(performance.now() - killed).toBeLessThan(15_000);
    await lifter.announce(9);
    await entryOf(lifter, before.id);
    await entryOf(lifter, after.id);
    expect(after.number).toBeGreaterThan(before.number);
    await letGo(lifter);
  });

  it('a message that reaches the standby by its full JID is answered by the leader (XEP-0297)', async () => {
    await startDispatcher('dispatcher.1');
    const standby = await startDispatcher('dispatcher.2');
    const { you } = await ready();
    await you.session.send(
      xml(
        'message',
        { to: String(standby.session.jid), type: 'chat', id: 'astray' },
        xml('body', {}, 'dance'),
      ),
    );
    await vi.waitFor(() => {
      const answers = you.heard.filter(
        (stanza) => stanza.getChild('reply', 'urn:xmpp:reply:0')?.attrs['id'] === 'astray',
      );
      expect(answers.map(bodyOf)).toEqual(['Dunno how to dance']);
    }, patience);
  });
});

describe('when the server is killed', { timeout: 180_000 }, () => {
  it('no accepted job is lost, though the server has forgotten what it confirmed last', async () => {
    await startDispatcher();
    const { you } = await ready(0);
    // What provisioning made has to have reached the disk: it is not what this is about.
    await sleep(5_000);
    const jobs: string[] = [];
    for (let count = 1; count <= 20; count += 1)
      jobs.push(jobOf(await you.say(`lift ${count}`)).id);
    await stage.server.kill();
    await stage.server.restart();
    await vi.waitFor(async () => {
      const { epoch, open } = await ledgerInNode();
      // Read again by the dispatcher, who leads in a new epoch.
      expect(epoch).toBeGreaterThan(1);
      expect(new Set(open)).toEqual(new Set(jobs));
    }, patience);
    // A notifier says it again when an epoch begins: what came just before is not heard.
    await vi.waitFor(
      async () => {
        const { open } = await ledgerInNode();
        await tell(...open);
        expect(open).toEqual([]);
      },
      { ...patience, interval: 2_000 },
    );
  });
});
