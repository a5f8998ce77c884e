import { cpus } from 'node:os';
import { connectJobs } from '@heavylift/job-client';
import { type BenchOptions, parseBenchArgs, usage } from './args.js';
import { backlog } from './backlog.js';
import { type Customer, chatUser, idle, latency, program, throughput } from './measure.js';
import { minimalClient } from './minimal.js';
import { table } from './stats.js';
import { type System, type SystemOptions, startSystem } from './system.js';
import type { Taken } from './usage-over.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const ms = (value: number): string => value.toFixed(2);
const rate = (value: number): string => value.toFixed(0);

/** Somebody who asks for jobs, until it is closed. */
interface Served {
  readonly customer: Customer;
  close(): Promise<void>;
}

const serveChatUser = async (system: System): Promise<Served> => ({
  customer: chatUser(system),
  close: async () => undefined,
});

async function serveProgram({ server, provisioned, asUser }: System): Promise<Served> {
  const bot = provisioned.accounts.bot.jid;
  const jobs = await connectJobs({ session: asUser, bot, pubsubJid: server.pubsub });
  return { customer: program(jobs), close: jobs.close };
}

const options = parseBenchArgs(process.argv.slice(2));
if (options === undefined) say(usage);
else await bench(options);

async function bench(wanted: BenchOptions): Promise<void> {
  const { parts, slots, lifters, inFlight } = wanted;
  say(
    `${cpus().length} processors, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`,
  );
  if (parts.has('client')) await client(wanted);
  if (parts.has('latency') || parts.has('idle'))
    await within({ lifters: 1, slots: 8 }, async (system) => {
      if (parts.has('latency')) {
        const { count, p50, p99 } = await latency(system, wanted.ms);
        say(
          `\nasked to told, one job at a time: p50 ${ms(p50)} ms, p99 ${ms(p99)} ms (${count} jobs)`,
        );
      }
      if (parts.has('idle')) {
        say('\nidle');
        say(usageTable(await idle(system, wanted.ms * 2)));
      }
    });
  if (parts.has('throughput')) await rates('a chat user', serveChatUser);
  if (parts.has('programs')) await rates('a program', serveProgram);
  if (parts.has('backlog')) await queue(wanted);

  /** For each number of lifters a system, and in it for each number of jobs in flight. */
  async function rates(who: string, serve: (system: System) => Promise<Served>): Promise<void> {
    const rows = [['lifters', 'in flight', 'jobs/s', 'p50 ms', 'p99 ms', 'entries a sheet']];
    const usages: string[] = [];
    for (const count of lifters) {
      await within({ lifters: count, slots }, async (system) => {
        const { customer, close } = await serve(system);
        try {
          for (const each of inFlight) {
            const found = await throughput(system, customer, count, each, wanted.ms);
            const { perSecond, p50, p99, entriesASheet, usage } = found;
            const figures = [rate(perSecond), ms(p50), ms(p99), entriesASheet.toFixed(1)];
            rows.push([String(count), String(each), ...figures]);
            usages.push(`${count} lifters, ${each} in flight\n${usageTable(usage)}`);
          }
        } finally {
          await close();
        }
      });
    }
    say(`\n${who} asks\n${table(rows)}`);
    for (const text of usages) say(`\n${text}`);
  }

  async function within(
    how: Omit<SystemOptions, 'profile' | 'logs'>,
    work: (system: System) => Promise<void>,
  ): Promise<void> {
    const { profile, logs } = wanted;
    const system = await startSystem({
      ...how,
      ...(profile === undefined ? {} : { profile }),
      ...(logs === undefined ? {} : { logs }),
    });
    try {
      await work(system);
    } finally {
      await system.stop();
    }
  }

  async function queue({ backlog: size }: BenchOptions): Promise<void> {
    await within({ lifters: 2, slots: 8 }, async (system) => {
      const found = await backlog(system, size, 16);
      say(`\nbacklog of ${size}`);
      say(
        table([
          ['accepted a second, queue empty', rate(found.emptyRate)],
          [
            'accepted a second, queue full',
            `${rate(found.fullRate)} (${((found.fullRate / found.emptyRate) * 100).toFixed(0)} %)`,
          ],
          ['dispatcher killed, accepts again after', `${rate(found.restartMs)} ms`],
          ['done a second while draining', rate(found.drainRate)],
          ['out of order', String(found.outOfOrder)],
          ['not told', String(found.untold)],
        ]),
      );
      say(`\nwhile it was filled\n${usageTable(found.filling)}`);
      say(`\nwhile it was emptied\n${usageTable(found.emptying)}`);
    });
  }
}

async function client({ ms: time }: BenchOptions): Promise<void> {
  const rows = [['minimal client', 'p50 ms', 'p99 ms', 'a second']];
  for (const { what, p50, p99, perSecond } of await minimalClient(time / 2))
    rows.push([what, ms(p50), ms(p99), rate(perSecond)]);
  say(`\n${table(rows)}`);
}

function usageTable(all: readonly Taken[]): string {
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  return table([
    ['process', 'CPU %', 'MiB', 'most MiB'],
    ...all.map(({ name, cpu, rss, peakRss }) => [
      name,
      cpu.toFixed(1),
      megabytes(rss),
      megabytes(peakRss),
    ]),
  ]);
}
