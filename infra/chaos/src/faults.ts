import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceRole } from '@heavylift/provision';
import { type Member, now, type Random } from '@heavylift/testbed';
import { isXmppError } from '@heavylift/xmpp-pubsub';
import type { ClusterSite } from './site.js';
import type { World } from './world.js';

/** Something that breaks. Resolves when it is over. */
export type Fault = (world: World, random: Random) => Promise<void>;

/**
 * For so long after somebody was stopped or cut off, things may not be sorted out: the server notices after up to 8 s, the
 * dispatcher waits for 5 s, and who was cut off may wait for up to 15 s until it tries again.
 */
const aftermathMs = 30_000;

/** Mnesia alone on a machine writes what it has confirmed up to two seconds later. */
const writeBehindMs = 3_000;
/** What the user is told is with the user's node for that long before it is in the user's hands, on a busy machine. */
const deliveryMs = 1_000;

const roles: readonly ServiceRole[] = ['dispatcher', 'notifier', 'lifter'];

function note({ recorder }: World, text: string): void {
  recorder.note({ type: 'fault', at: now(), text });
}

/**
 * Runs what cuts somebody off, and notes for how long that was so, whatever comes of it.
 * @param who names of services. @default all
 */
async function isolated(
  { recorder }: World,
  why: string,
  work: () => Promise<void>,
  who?: readonly string[],
): Promise<void> {
  const since = now();
  try {
    await work();
  } finally {
    const until = now() + aftermathMs;
    recorder.note({ type: 'isolation', at: since, until, why, ...(who && { who }) });
  }
}

const member = (world: World, random: Random, role: ServiceRole): Member =>
  random.pick(world.crew.of(role));

/** SIGKILL, one of each of these roles at the same moment. */
export const kill =
  (...victims: readonly ServiceRole[]): Fault =>
  async (world, random) => {
    const hit = victims.map((role) => member(world, random, role));
    note(world, `kill ${hit.map(({ name }) => name).join(' and ')}`);
    for (const { signal } of hit) signal('SIGKILL');
  };

export const killAnyone: Fault = (world, random) => kill(random.pick(roles))(world, random);

/** SIGSTOP for longer than the server and the dispatcher wait, then SIGCONT. */
export const freeze =
  (role?: ServiceRole): Fault =>
  async (world, random) => {
    const { name, signal } = member(world, random, role ?? random.pick(roles));
    const ms = random.integer(9_000, 18_000);
    note(world, `freeze ${name} for ${ms} ms`);
    const work = async () => {
      signal('SIGSTOP');
      await sleep(ms);
      signal('SIGCONT');
    };
    await isolated(world, `${name} frozen`, work, [name]);
  };

type ConnectionFault = 'cut' | 'cut-inside' | 'black-hole' | 'slow' | 'stall';

/** A connection of any service goes bad. */
export const connection =
  (...kinds: readonly ConnectionFault[]): Fault =>
  async (world, random) => {
    const { name, line } = member(world, random, random.pick(roles));
    if (line === undefined) throw new Error(`${name} has no line of its own`);
    const kind = random.pick(kinds);
    const ms = random.integer(1_000, 15_000);
    note(world, `${kind} ${name}${kind === 'cut' || kind === 'cut-inside' ? '' : ` for ${ms} ms`}`);
    const work = async () => {
      switch (kind) {
        case 'cut':
          return line.cut();
        case 'cut-inside':
          line.cutInside();
          await sleep(2_000);
          return line.heal();
        case 'black-hole':
          line.blackHole();
          await sleep(ms);
          return line.heal();
        case 'stall':
          line.stall();
          await sleep(ms);
          return line.heal();
        case 'slow':
          line.slow(random.integer(50, 1_500));
          await sleep(ms);
          return line.heal();
      }
    };
    await isolated(world, `${kind} ${name}`, work, [name]);
  };

/** For so long somebody may write nothing before it is stalled all the same. */
const longestWaitMs = 3_000;

/**
 * The network holds back what a dispatcher writes to the ledger, just as it writes it, and delivers it when another one may have taken
 * over.
 */
export const stallWriting: Fault = async (world, random) => {
  const { name, line } = member(world, random, 'dispatcher');
  if (line === undefined) throw new Error(`${name} has no line of its own`);
  const ms = random.integer(4_000, 9_000);
  const work = async () => {
    const isStalled = line.stallBefore(`<publish node="${world.nodes.jobs}"`);
    await Promise.race([isStalled, sleep(longestWaitMs)]);
    note(world, `stall ${name} for ${ms} ms as it writes`);
    await sleep(ms);
    line.heal();
  };
  await isolated(world, `stall ${name}`, work, [name]);
};

/** The server ends and comes again. */
export const server =
  (signal: 'SIGTERM' | 'SIGKILL'): Fault =>
  async (world, random) => {
    const ms = random.integer(0, 3_000);
    note(world, `${signal} to the server, up again after ${ms} ms`);
    await isolated(world, 'server down', async () => {
      const asked = now();
      await world.server.kill(signal);
      const at = now();
      // To kill a container takes a while, and until then the server works.
      if (signal === 'SIGKILL')
        world.recorder.note({ type: 'server-killed', at, forgetsMs: writeBehindMs + at - asked });
      await sleep(ms);
      await world.server.restart();
    });
  };

/**
 * A node of the cluster ends and comes again; who is at home there goes to the other node and back. The other one has all that was
 * confirmed, so nothing may be lost but messages to the user that the user's node had not handed over.
 * @param choose the name of the node. @default any
 */
export const killNode =
  (choose = (random: Random, { nodes }: ClusterSite) => random.pick(nodes).name): Fault =>
  async (world, random) => {
    const { cluster } = world;
    if (cluster === undefined) throw new Error('the server is no cluster');
    const name = choose(random, cluster);
    const node = cluster.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    const ms = random.integer(2_000, 6_000);
    note(world, `SIGKILL to ${name}, up again after ${ms} ms`);
    await isolated(world, `${name} down`, async () => {
      if (cluster.homeOf('user') === node)
        world.recorder.note({ type: 'server-killed', at: now(), forgetsMs: deliveryMs });
      await node.kill();
      await sleep(ms);
      await node.restart();
      note(world, `${name} is up`);
      cluster.sendHome(node);
    });
  };

/** SIGTERM to the server and each service in turn, the next one when the last is there again. */
export const rollingRestart: Fault = async (world, random) => {
  await server('SIGTERM')(world, random);
  for (const { name, restart } of world.crew.members) {
    note(world, `restart ${name}`);
    await restart();
    await sleep(1_500);
  }
};

/** The time of day of one service jumps, by up to two hours either way, and stays so. */
export const clockJump: Fault = async (world, random) => {
  const { name, signal } = member(world, random, random.pick(roles));
  const ms = random.integer(-7_200_000, 7_200_000);
  note(world, `the clock of ${name} is off by ${ms} ms from now on`);
  await writeFile(world.clockFile, String(ms));
  signal('SIGUSR2');
  await sleep(500);
};

/** Its process has the machine's own time of day again when it is started anew. */
async function setClock({ clockFile }: World, { signal }: Member, ms: number): Promise<void> {
  await writeFile(clockFile, String(ms));
  signal('SIGUSR2');
  await sleep(300);
}

/**
 * A dispatcher whose clock is ahead leads for a while, then one whose clock is right, and therefore behind: all that the first one wrote
 * is in the future. The clock of a lifter goes back meanwhile, and the lifter is started anew.
 */
export const clockBehind: Fault = async (world, random) => {
  const ms = random.integer(600_000, 7_200_000);
  const lifter = member(world, random, 'lifter');
  const dispatchers = world.crew.of('dispatcher');
  note(
    world,
    `the clocks of all dispatchers are ${ms} ms ahead, that of ${lifter.name} as much behind`,
  );
  for (const dispatcher of dispatchers) await setClock(world, dispatcher, ms);
  await setClock(world, lifter, -ms);
  // The first is replaced by one that is ahead, the last by one that is right.
  for (const { name, signal } of dispatchers) {
    note(world, `kill ${name}`);
    signal('SIGKILL');
    await sleep(random.integer(3_000, 6_000));
  }
  note(world, `restart ${lifter.name}`);
  await lifter.restart();
};

/** An administrator spoils a node, and puts all right again some seconds later. */
export const misconfigure: Fault = async (world, random) => {
  const { pubsub, nodes, accounts } = world;
  const { bot, notifier, lifters } = accounts;
  const ms = random.integer(1_000, 6_000);
  const unsubscribe = (node: string, jid: string) =>
    pubsub.node(node).setSubscriptions([{ jid, state: 'none' }]);
  const lifter = random.pick(lifters);
  // An unsubscribed lifter does not hear that a job is its own no more; of a ledger that is cut short nobody knows anything.
  const deeds: readonly (readonly [string, () => Promise<void>, (readonly string[])?])[] = [
    ['results: max_items 5', () => pubsub.node(nodes.results).configure({ maxItems: 5 }), []],
    ['jobs: max_items 2', () => pubsub.node(nodes.jobs).configure({ maxItems: 2 })],
    ['results: bot unsubscribed', () => unsubscribe(nodes.results, bot.jid), []],
    ['results: notifier unsubscribed', () => unsubscribe(nodes.results, notifier.jid), []],
    ['jobs: notifier unsubscribed', () => unsubscribe(nodes.jobs, notifier.jid), []],
    [
      `jobs: ${lifter.username} unsubscribed`,
      () => unsubscribe(nodes.jobs, lifter.jid),
      [lifter.username],
    ],
    ['events: bot unsubscribed', () => unsubscribe(nodes.events, bot.jid), []],
    [
      `results: ${lifter.username} may not publish`,
      () =>
        pubsub.node(nodes.results).setAffiliations([{ jid: lifter.jid, affiliation: 'member' }]),
      [],
    ],
  ];
  const [what, spoil, who] = random.pick(deeds);
  note(world, `${what}, put right after ${ms} ms`);
  const work = async () => {
    await spoil();
    await sleep(ms);
    await world.provision();
  };
  await isolated(world, what, work, who);
};

/** Results vanish before everybody has read them. */
export const trimResults: Fault = async (world, random) => {
  const node = world.pubsub.node(world.nodes.results);
  if (random.chance(0.5)) {
    note(world, 'purge the results');
    await node.purge();
    return;
  }
  const ids = await node.itemIds();
  const gone = ids.filter(() => random.chance(0.5));
  note(world, `retract ${gone.length} of ${ids.length} items of results`);
  for (const id of gone) await node.retract(id).catch(unlessGone);
};

/** Somebody else, such as the limit of the node, was faster; ejabberd also forbids what it does not find. */
function unlessGone(error: unknown): void {
  if (!isXmppError(error, 'stanza-error')) throw error;
}

/** One of these, chosen anew each time. */
export const oneOf =
  (...faults: readonly Fault[]): Fault =>
  (world, random) =>
    random.pick(faults)(world, random);
